import FormField from '@cloudscape-design/components/form-field'
import Textarea from '@cloudscape-design/components/textarea'

/** What is wrong with a JSON text; none if nothing is. */
export function jsonProblem(text: string): string | undefined {
  if (text.trim() === '') return 'Write JSON, at least null.'
  try {
    JSON.parse(text)
    return undefined
  } catch (cause) {
    return cause instanceof Error ? cause.message : 'This is not JSON.'
  }
}

interface Props {
  label: string
  description?: string
  value: string
  onChange: (value: string) => void
  /** Ctrl or Cmd with Enter. */
  onSubmit?: () => void
  onFocus?: () => void
  /** Shown, and not yet to be edited. */
  readOnly?: boolean
  rows?: number
}

/** A field for JSON that says at once what is wrong with it. */
export function JsonField({ label, description, value, onChange, onSubmit, onFocus, readOnly = false, rows = 8 }: Props) {
  const problem = readOnly ? undefined : jsonProblem(value)
  return (
    <FormField label={label} description={description} errorText={problem} stretch>
      <Textarea
        value={value}
        onChange={({ detail }) => onChange(detail.value)}
        onFocus={() => onFocus?.()}
        readOnly={readOnly}
        onKeyDown={({ detail }) => {
          if (detail.key === 'Enter' && (detail.ctrlKey || detail.metaKey)) onSubmit?.()
        }}
        rows={rows}
        spellcheck={false}
        disableBrowserAutocorrect
        invalid={problem !== undefined}
        className="code-field"
      />
    </FormField>
  )
}
