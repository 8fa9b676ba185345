import FormField from '@cloudscape-design/components/form-field'
import Select, { type SelectProps } from '@cloudscape-design/components/select'
import type { FunctionInput } from '../../api/types'
import { useTimeMode } from '../../preferences/time-mode'
import { formatInstant } from '../../time/format'
import { useNow } from '../../time/now'

interface Props {
  inputs: readonly FunctionInput[]
  onChoose: (input: FunctionInput) => void
}

/** What the function was started with lately, and the sample events beside its template. */
export function InputChoice({ inputs, onChoose }: Props) {
  const [timeMode] = useTimeMode()
  const now = useNow()
  const option = (input: FunctionInput): SelectProps.Option => ({
    value: String(inputs.indexOf(input)),
    label: input.title,
    description: input.payload.slice(0, 120),
    ...(input.at === null || input.at === undefined ? {} : { labelTag: formatInstant(input.at, timeMode, now) }),
  })
  const groups = [
    { label: 'Last inputs', options: inputs.filter(({ source }) => source === 'execution').map(option) },
    { label: 'Sample events', options: inputs.filter(({ source }) => source === 'sample').map(option) },
  ].filter(({ options }) => options.length > 0)
  return (
    <FormField label="Take a payload from">
      <Select
        selectedOption={null}
        placeholder={inputs.length === 0 ? 'No earlier input, no events/*.json beside the template' : 'A last input or a sample event'}
        disabled={inputs.length === 0}
        options={groups}
        onChange={({ detail }) => {
          const input = inputs[Number(detail.selectedOption.value)]
          if (input !== undefined) onChoose(input)
        }}
      />
    </FormField>
  )
}
