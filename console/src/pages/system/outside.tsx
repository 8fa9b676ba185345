import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { System } from '../../api/types'
import { CopyText } from '../../components/copy-text'

const PROBES = [
  { path: '/metrics', about: 'every figure of this page and more, for Prometheus' },
  { path: '/healthz', about: 'whether the process lives' },
  { path: '/readyz', about: 'whether it takes requests' },
  { path: '/lambdura/v1/openapi.json', about: 'the routes that this console uses, as OpenAPI' },
]

/** Where machines read how the server is. */
export function Probes({ endpoint }: { endpoint: string }) {
  return (
    <Container fitHeight header={<Header variant="h2">For machines</Header>}>
      <dl className="probes">
        {PROBES.map(({ path, about }) => (
          <div key={path}>
            <dt>
              <Link href={path} external externalIconAriaLabel="opens in a new tab">
                {path}
              </Link>
            </dt>
            <dd className="secondary">{about}</dd>
          </div>
        ))}
      </dl>
      <CopyText text={`curl -s ${endpoint}/metrics`} code label="Copy the command" />
    </Container>
  )
}

export function Telemetry({ system: { telemetry } }: { system: System }) {
  const { otlp_endpoint: endpoint } = telemetry
  const isOn = endpoint !== null && endpoint !== undefined && endpoint !== ''
  return (
    <Container fitHeight header={<Header variant="h2">OpenTelemetry</Header>}>
      {isOn ? (
        <SpaceBetween size="xs">
          <StatusIndicator type="success">Traces and metrics are exported</StatusIndicator>
          <CopyText text={endpoint} label="Copy the endpoint" />
        </SpaceBetween>
      ) : (
        <SpaceBetween size="xs">
          <StatusIndicator type="stopped">Nothing is exported</StatusIndicator>
          <span className="secondary">Name a collector when you start the server, and it receives traces and metrics over OTLP:</span>
          <CopyText text="OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 lambdura up" code label="Copy the command" />
        </SpaceBetween>
      )}
    </Container>
  )
}
