import AppLayout from '@cloudscape-design/components/app-layout'
import SideNavigation from '@cloudscape-design/components/side-navigation'
import Badge from '@cloudscape-design/components/badge'
import TopNavigation, { type TopNavigationProps } from '@cloudscape-design/components/top-navigation'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Outlet, useLocation, useNavigate } from 'react-router'
import { callbacksQuery, systemQuery } from '../api/console'
import { sessionQuery, signOut } from '../api/session'
import { useMay } from '../api/use-may'
import { ShortcutHelp } from '../keyboard/shortcut-help'
import { useShortcutKeys, useShortcuts } from '../keyboard/shortcuts'
import { type Theme, THEMES, useTheme } from '../preferences/theme'
import { TIME_MODES, type TimeMode, useTimeMode } from '../preferences/time-mode'
import { paths } from '../util/paths'
import { useClockMenu } from './clock-menu'
import { Notifications } from './notifications'

const THEME_LABEL: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' }
const TIME_LABEL: Record<TimeMode, string> = { local: 'Local time', utc: 'UTC', relative: 'How long ago' }

/** Top bar, navigation, and the page between them. */
export function Shell() {
  const [theme, chooseTheme] = useTheme()
  const [timeMode, chooseTimeMode] = useTimeMode()
  const [helpIsShown, showHelp] = useState(false)
  const navigate = useNavigate()
  const content = usePageFocus()
  const clock = useClockMenu(timeMode)
  const account = useAccountMenu()
  useShortcutKeys()
  useShortcuts([
    { keys: '?', label: 'Show what the keyboard can do', run: () => showHelp(true) },
    { keys: 'g e', label: 'Go to the executions', run: () => void navigate(paths.executions()) },
    { keys: 'g w', label: 'Go to what is waiting', run: () => void navigate(paths.waiting()) },
    { keys: 'g f', label: 'Go to the functions', run: () => void navigate(paths.functions()) },
    { keys: 'g v', label: 'Go to the servers', run: () => void navigate(paths.servers()) },
    { keys: 'g c', label: 'Go to the changes', run: () => void navigate(paths.changes()) },
    { keys: 'g s', label: 'Go to the system', run: () => void navigate(paths.system()) },
    { keys: 't', label: 'Switch between local time, UTC and how long ago', run: () => chooseTimeMode(after(TIME_MODES, timeMode)) },
    { keys: 'T', label: 'Switch between light and dark', run: () => chooseTheme(after(THEMES, theme)) },
  ])

  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the page
      </a>
      <div id="top" className="top-bar">
        <TopNavigation
          identity={{ href: '/executions', title: 'Lambdura', logo: { src: '/favicon.svg', alt: 'Logo' }, onFollow: (event) => follow(event, navigate) }}
          utilities={[
            ...clock,
            {
              type: 'menu-dropdown',
              text: TIME_LABEL[timeMode],
              ariaLabel: `${TIME_LABEL[timeMode]}: how times are shown`,
              iconName: 'calendar',
              items: TIME_MODES.map((mode) => ({ id: mode, text: TIME_LABEL[mode], itemType: 'checkbox', checked: mode === timeMode })),
              onItemClick: ({ detail }) => chooseTimeMode(detail.id as TimeMode),
            },
            {
              type: 'menu-dropdown',
              ariaLabel: 'Theme and help',
              title: 'Settings',
              iconName: 'settings',
              items: [
                { text: 'Theme', items: THEMES.map((mode) => ({ id: mode, text: THEME_LABEL[mode], itemType: 'checkbox', checked: mode === theme })) },
                { id: 'keyboard', text: 'Keyboard shortcuts' },
              ],
              onItemClick: ({ detail }) => (detail.id === 'keyboard' ? showHelp(true) : chooseTheme(detail.id as Theme)),
            },
            ...account,
          ]}
        />
      </div>
      <AppLayout
        headerSelector="#top"
        navigation={<Navigation />}
        navigationWidth={236}
        toolsHide
        maxContentWidth={Number.MAX_VALUE}
        notifications={<Notifications />}
        stickyNotifications
        content={
          <div id="content" tabIndex={-1} ref={content}>
            <Outlet />
          </div>
        }
        ariaLabels={{ navigation: 'Pages', navigationToggle: 'Open the navigation', navigationClose: 'Close the navigation', notifications: 'Notifications' }}
      />
      <ShortcutHelp visible={helpIsShown} onDismiss={() => showHelp(false)} />
    </>
  )
}

/** Who is signed in, and out again; nothing where nobody has to be. */
function useAccountMenu(): TopNavigationProps.Utility[] {
  const { data } = useQuery(sessionQuery)
  const queries = useQueryClient()
  if (data?.name === undefined) return []
  const leave = async () => {
    await signOut()
    // Nothing of what was read stays.
    queries.clear()
    window.location.assign('/')
  }
  return [
    {
      type: 'menu-dropdown',
      text: data.name,
      iconName: 'user-profile',
      items: [{ id: 'sign-out', text: 'Sign out' }],
      onItemClick: () => void leave(),
    },
  ]
}

/** Another page begins at its beginning, for those who hear it as well. */
function usePageFocus() {
  const { pathname } = useLocation()
  const content = useRef<HTMLDivElement>(null)
  const shown = useRef(pathname)
  useEffect(() => {
    if (shown.current === pathname) return
    shown.current = pathname
    content.current?.focus({ preventScroll: true })
    window.scrollTo({ top: 0 })
  }, [pathname])
  return content
}

/** The one after `value`, the first after the last. */
function after<T>(values: readonly T[], value: T): T {
  return values[(values.indexOf(value) + 1) % values.length] ?? value
}

interface FollowEvent {
  preventDefault: () => void
  detail: { href?: string | undefined }
}

/** Links of Cloudscape go through the router instead of loading the page anew. */
export function follow(event: FollowEvent, navigate: (path: string) => unknown): void {
  const { href } = event.detail
  if (href?.startsWith('/') !== true) return
  event.preventDefault()
  navigate(href)
}

function Navigation() {
  const { pathname } = useLocation()
  const navigate = useNavigate()
  const { data: waiting } = useQuery(callbacksQuery())
  const { data: system } = useQuery(systemQuery())
  const may = useMay()
  const open = waiting?.callbacks.length ?? 0
  const section = `/${pathname.split('/')[1] ?? ''}`
  return (
    <SideNavigation
      activeHref={section === '/' ? '/executions' : section}
      onFollow={(event) => follow(event, navigate)}
      items={[
        { type: 'link', text: 'Executions', href: '/executions' },
        { type: 'link', text: 'Waiting on the world', href: '/waiting', info: open > 0 ? <Badge color="blue">{waiting?.next_cursor ? `${open}+` : open}</Badge> : undefined },
        { type: 'link', text: 'Functions', href: '/functions' },
        ...(system?.is_shared === true ? [{ type: 'link' as const, text: 'Servers', href: '/servers' }] : []),
        ...(may('lambdura:ReadAudit') ? [{ type: 'link' as const, text: 'Changes', href: '/changes' }] : []),
        { type: 'link', text: 'System', href: '/system' },
        ...(system === undefined ? [] : [{ type: 'divider' as const }, ...facts(system.version, system.durability)]),
      ]}
    />
  )
}

function facts(version: string, durability: string): { type: 'link'; text: string; href: string; info?: ReactNode }[] {
  return [{ type: 'link', text: `Version ${version}, durable on ${durability}`, href: '/system#server' }]
}
