import type { InputHTMLAttributes } from 'react'
import type { FieldName } from '../util/validation'

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, 'name' | 'value' | 'onChange'> {
  name: FieldName
  label: string
  hint?: string
  prefix?: string
  value: string
  error: string | undefined
  onChange: (value: string) => void
}

/** A labelled input with its hint and, when wrong, what to do about it. */
export function Field({ name, label, hint, prefix, value, error, onChange, ...input }: Props) {
  const id = `field-${name}`
  const describedBy = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ')
  return (
    <div className={`field field-${name}`}>
      <label htmlFor={id}>{label}</label>
      <div className={prefix ? 'input prefixed' : 'input'} data-invalid={error !== undefined}>
        {prefix && <span aria-hidden="true">{prefix}</span>}
        <input
          {...input}
          id={id}
          name={name}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          aria-invalid={error !== undefined}
          aria-describedby={describedBy || undefined}
          aria-required="true"
        />
      </div>
      {hint && !error && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  )
}
