import Link, { type LinkProps } from '@cloudscape-design/components/link'
import type { ReactNode } from 'react'
import { useNavigate } from 'react-router'
import { follow } from '../layout/shell'

interface Props {
  href: string
  children: ReactNode
  ariaLabel?: string
  variant?: LinkProps.Variant
}

/** A link within the console. */
export function RouteLink({ href, children, ariaLabel, variant = 'secondary' }: Props) {
  const navigate = useNavigate()
  return (
    <Link href={href} variant={variant} onFollow={(event) => follow(event, navigate)} {...(ariaLabel === undefined ? {} : { ariaLabel })}>
      {children}
    </Link>
  )
}
