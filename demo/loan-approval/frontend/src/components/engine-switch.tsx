export const CHOICES = ['durable', 'state-machine', 'both'] as const
export type EngineChoice = (typeof CHOICES)[number]

const LABEL: Record<EngineChoice, string> = { durable: 'Durable function', 'state-machine': 'State machine', both: 'Compare both' }

interface Props {
  value: EngineChoice
  onChange: (value: EngineChoice) => void
}

/** Which of the two workflows carries the application. */
export function EngineSwitch({ value, onChange }: Props) {
  return (
    <fieldset className="engine-switch">
      <legend>Carried by</legend>
      <div className="engine-choices">
        {CHOICES.map((choice) => (
          <label key={choice} className="engine-choice">
            <input type="radio" name="engine" value={choice} checked={choice === value} onChange={() => onChange(choice)} />
            <span>{LABEL[choice]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
