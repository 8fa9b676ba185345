import { ENGINES, type Engine } from '../../api/application'
import durableChange from '../../changes/cooling-off.durable.diff?raw'
import machineChange from '../../changes/cooling-off.state-machine.diff?raw'
import { ENGINE_TEXT } from '../../util/workflow'

const CHANGE: Record<Engine, string> = { durable: durableChange, 'state-machine': machineChange }

/** The same change of the flow in both: patches that apply to the files as they are. */
export function ChangeOfFlow() {
  return (
    <section className="card change" aria-labelledby="change-heading">
      <h2 id="change-heading">A change of the flow: a day to think it over, before the money goes out</h2>
      <div className="change-sides">
        {ENGINES.map((engine) => (
          <figure key={engine}>
            <figcaption>
              <strong>{ENGINE_TEXT[engine].label}</strong> {ENGINE_TEXT[engine].change}
            </figcaption>
            <pre className="diff">
              {lines(CHANGE[engine]).map((line, index) => (
                <span key={index} data-sign={line.sign}>
                  {line.text}
                  {'\n'}
                </span>
              ))}
            </pre>
          </figure>
        ))}
      </div>
      <p className="figures-note">Applications that are under way stay on the version that they started on, in both.</p>
    </section>
  )
}

/** The lines of a patch without its head. */
function lines(patch: string): { text: string; sign: string }[] {
  return patch
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('---') && !line.startsWith('+++'))
    .map((text) => ({ text: text.startsWith('@@') ? '…' : text, sign: text.charAt(0) }))
}
