import '../../../styles/cost.css'
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { costQuery } from '../../../api/console'
import type { CostLine, CostPrices, CostRuns, ExecutionCost } from '../../../api/types'
import { CopyText } from '../../../components/copy-text'
import { EmptyState } from '../../../components/empty-state'
import { ErrorBox } from '../../../components/error-box'
import { Loading, useLate } from '../../../components/loading'
import { useNarrow } from '../../../layout/narrow'
import { formatNumber } from '../../../time/format'
import { Instant } from '../../../time/instant'
import { costCommand } from '../../../util/commands'
import type { Selection } from '../model/selection'
import type { Execution } from '../model/use-execution'
import { billed, counted, formatDollars, formatPrice, formatQuantity, KIND_TEXT } from './bill'

/** What the execution would cost on AWS, with everything that it invoked. */
export function CostTab({ execution: { id, detail } }: { execution: Execution; selection: Selection }) {
  const { data, error, isFetching, refetch } = useQuery(costQuery(id, detail.ended_at ?? null, detail.event_count))
  const isSlow = useLate(isFetching)
  const failure = error !== null && <ErrorBox title="The cost could not be read" error={error} onRetry={() => void refetch()} />
  if (data === undefined) return failure || <Loading />
  const { cost } = data
  return (
    <div className="cost">
      <div className="timeline-tools">
        <CopyText text={costCommand(detail.name)} code label="Copy the command" />
        <span className="cost-asked">
          <span className="secondary">
            As of <Instant at={cost.server_now_at} isShort />
          </span>
          <Button iconName="refresh" ariaLabel="Ask for the cost again" loading={isSlow} onClick={() => void refetch()} />
        </span>
      </div>
      {failure}
      {isOpen(cost) && (
        <StatusIndicator type="in-progress">So far: the execution has not ended, and an invocation counts once it is over.</StatusIndicator>
      )}
      {cost.is_cut && (
        <Alert type="warning" header="Not everything is on this bill">
          It invoked more executions in a chain than are read here. The command below reads more of them.
        </Alert>
      )}
      <Figures cost={cost} />
      <Prices prices={cost.prices} />
      <ExpandableSection headerText="Assumptions, and what is left out">
        <ul className="cost-assumptions">
          {cost.assumptions.map((assumption) => (
            <li key={assumption}>{assumption}</li>
          ))}
        </ul>
      </ExpandableSection>
    </div>
  )
}

const isOpen = ({ ended_at: endedAt }: ExecutionCost): boolean => endedAt === null || endedAt === undefined

function Figures({ cost }: { cost: ExecutionCost }) {
  const lines = billed(cost.bill)
  if (lines.length === 0) {
    return <EmptyState title={isOpen(cost) ? 'Nothing to pay for yet' : 'Nothing to pay for'}>Its history has no operation, no transition and no invocation that AWS would bill.</EmptyState>
  }
  return (
    <>
      <dl className="cost-runs" aria-label={isOpen(cost) ? 'Cost so far' : 'Cost'}>
        {cost.runs.map((it) => (
          <div key={it.runs}>
            <dt>{runsText(it)}</dt>
            <dd className="figure">{formatDollars(it.total)}</dd>
          </div>
        ))}
      </dl>
      <div className="cost-details">
        <Container
          header={
            <Header variant="h2" description={`As ${KIND_TEXT[cost.kind]}, with everything that it invoked in a chain`}>
              Bill of one execution
            </Header>
          }
        >
          <BillTable lines={lines} total={lines.reduce((sum, { amount }) => sum + amount, 0)} />
        </Container>
        <Container header={<Header variant="h2">What was counted</Header>}>
          <dl className="facts cost-counted">
            {counted(cost.kind, cost.usage).map(({ label, value, note }) => (
              <div key={label}>
                <dt>
                  {label}
                  {note !== undefined && <span className="cost-small">{note}</span>}
                </dt>
                <dd className="figure">{value}</dd>
              </div>
            ))}
          </dl>
        </Container>
      </div>
    </>
  )
}

const runsText = ({ runs }: CostRuns): string => (runs === 1 ? '1 execution' : `${formatNumber(runs)} executions`)

/** On a phone, how many and for how much stand below what. */
function BillTable({ lines, total }: { lines: readonly CostLine[]; total: number }) {
  const isNarrow = useNarrow()
  return (
    <table className="cost-bill" aria-label="Bill of one execution">
      <thead>
        <tr>
          <th scope="col">What</th>
          {!isNarrow && (
            <>
              <th scope="col">How many</th>
              <th scope="col">Unit price</th>
            </>
          )}
          <th scope="col">Sum</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.meter}>
            <th scope="row">
              {line.meter}
              {isNarrow && <span className="cost-small">{`${formatQuantity(line.quantity, line.unit)} at ${formatPrice(line) ?? ''}`}</span>}
            </th>
            {!isNarrow && (
              <>
                <td>{formatQuantity(line.quantity, line.unit)}</td>
                <td>{formatPrice(line)}</td>
              </>
            )}
            <td className="figure">{formatDollars(line.amount)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={isNarrow ? 1 : 3}>
            Total
          </th>
          <td className="figure">{formatDollars(total)}</td>
        </tr>
      </tfoot>
    </table>
  )
}

function Prices({ prices }: { prices: CostPrices }) {
  return (
    <p className="cost-note secondary">
      {prices.is_own
        ? `In US dollars, by the prices that this server was given for ${prices.region}, of ${prices.read_on}: `
        : `In US dollars, by AWS's list prices in ${prices.region}, read on ${prices.read_on}: `}
      {prices.sources.map((source, index) => (
        <Fragment key={source}>
          {index > 0 && ', '}
          <Link href={source} external externalIconAriaLabel="opens in a new tab" variant="primary">
            {source.replace(/^https:\/\//, '').replace(/\/$/, '')}
          </Link>
        </Fragment>
      ))}
      .
    </p>
  )
}
