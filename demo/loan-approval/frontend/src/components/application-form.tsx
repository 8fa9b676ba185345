import { type FormEvent, type RefObject, useRef, useState } from 'react'
import type { NewApplication } from '../api/application'
import { ApiUnreachable, apply, isApiError } from '../api/client'
import type { Open } from '../hooks/use-open'
import { readStored, writeStored } from '../util/stored'
import { EMPTY_FORM, FIELD_NAMES, type FieldName, type FormErrors, type FormValues, validate, validateField } from '../util/validation'
import { CHOICES, type EngineChoice, EngineSwitch } from './engine-switch'
import { Field } from './field'
import { Icon } from './icon'
import { ProfilePicker } from './profile-picker'

interface Props {
  headingRef: RefObject<HTMLHeadingElement | null>
  onSubmitted: (open: Open) => void
  onUnreachable: () => void
}

const CHOICE_KEY = 'lambdura.engine'

function choice(): EngineChoice {
  const stored = readStored(CHOICE_KEY)
  return CHOICES.find((each) => each === stored) ?? 'durable'
}

/** Submits an application to one engine, or to both at once. */
async function submitTo(engine: EngineChoice, application: NewApplication): Promise<Open> {
  if (engine !== 'both') return { kind: 'application', id: await apply(application, engine) }
  const [durable, machine] = await Promise.all([apply(application, 'durable'), apply(application, 'state-machine')])
  return { kind: 'compared', pair: { durable, 'state-machine': machine } }
}

export function ApplicationForm({ headingRef, onSubmitted, onUnreachable }: Props) {
  const [values, setValues] = useState<FormValues>(EMPTY_FORM)
  const [errors, setErrors] = useState<FormErrors>({})
  const [sending, setSending] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [engine, setEngine] = useState(choice)
  const form = useRef<HTMLFormElement>(null)

  const showError = (name: FieldName, error: string | null) => {
    setErrors((old) => {
      const next = { ...old }
      if (error === null) delete next[name]
      else next[name] = error
      return next
    })
  }
  // A message goes as soon as its field is right; a new one comes only on leaving the field, not while typing.
  const change = (name: FieldName) => (value: string) => {
    setValues((old) => ({ ...old, [name]: value }))
    if (errors[name] !== undefined) showError(name, validateField(name, value))
  }
  const leave = (name: FieldName) => () => {
    if (values[name] !== '') showError(name, validateField(name, values[name]))
  }
  const field = (name: FieldName) => ({ name, value: values[name], error: errors[name], onChange: change(name), onBlur: leave(name) })

  const pick = (picked: FormValues) => {
    setValues(picked)
    setErrors({})
    setRefusal(null)
  }

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (sending) return
    const outcome = validate(values)
    setRefusal(null)
    if ('errors' in outcome) {
      setErrors(outcome.errors)
      const first = FIELD_NAMES.find((name) => outcome.errors[name] !== undefined)
      if (first !== undefined) form.current?.querySelector<HTMLInputElement>(`[name=${first}]`)?.focus()
      return
    }
    setErrors({})
    setSending(true)
    try {
      onSubmitted(await submitTo(engine, outcome.application))
    } catch (error) {
      if (!isApiError(error)) throw error
      if (error instanceof ApiUnreachable) onUnreachable()
      setRefusal(error instanceof ApiUnreachable ? `${error.message} Your entries are kept; submit again when the API is back.` : error.message)
    } finally {
      setSending(false)
    }
  }

  return (
    <section className="card application-form" aria-labelledby="form-heading">
      <h2 id="form-heading" ref={headingRef} tabIndex={-1}>
        New application
      </h2>
      <ProfilePicker values={values} onPick={pick} />
      <form ref={form} onSubmit={(event) => void submit(event)} noValidate aria-labelledby="form-heading">
        <Field {...field('name')} label="Full name" autoComplete="name" />
        <Field {...field('address')} label="Address" autoComplete="street-address" />
        <Field {...field('phone')} label="Phone" type="tel" autoComplete="tel" />
        <Field {...field('sin')} label="SIN, last 4 digits" inputMode="numeric" autoComplete="off" maxLength={4} />
        <Field {...field('amount')} label="Loan amount" inputMode="decimal" autoComplete="off" prefix="$" />
        <EngineSwitch
          value={engine}
          onChange={(next) => {
            setEngine(next)
            writeStored(CHOICE_KEY, next)
          }}
        />
        <button type="submit" className="button primary wide" aria-disabled={sending}>
          {sending ? 'Submitting…' : engine === 'both' ? 'Submit to both' : 'Submit application'}
          {!sending && <Icon name="arrow" />}
        </button>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
      </form>
    </section>
  )
}
