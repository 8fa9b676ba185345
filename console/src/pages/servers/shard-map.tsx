import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import type { ServerList } from '../../api/types'
import { formatNumber } from '../../time/format'
import { colorOf } from './color'

const hex = (shard: number): string => shard.toString(16).padStart(2, '0')

/** Which server drives which of the 256 shards. The table above says the same in figures: the cells are a picture. */
export function ShardMap({ list }: { list: ServerList }) {
  const owners = list.servers.map(({ address, shard_count: count }, place) => ({ address, count, place })).filter(({ count }) => count > 0)
  const free = list.shards.filter((owner) => owner === null).length
  const spoken = owners.map(({ address, count }) => `${address}: ${count}`).join(', ')
  return (
    <Container header={<Header variant="h2" description="The last two digits of an execution's id name its shard; the shard's server runs its invocations and its timers.">Shards</Header>}>
      <div className="shards">
        <div className="shard-map" role="img" aria-label={`Shards by server: ${spoken}${free > 0 ? `, nobody: ${free}` : ''}`}>
          {list.shards.map((owner, shard) => {
            const server = owner === null || owner === undefined ? undefined : list.servers[owner]
            const isMoving = server !== undefined && server.state === 'leaving'
            return (
              <span
                key={hex(shard)}
                data-color={server === undefined ? 'none' : colorOf(list.servers, owner as number)}
                className={isMoving ? 'moving' : ''}
                title={`${hex(shard)}: ${server === undefined ? 'nobody' : server.address}${isMoving ? ', being handed over' : ''}`}
              />
            )
          })}
        </div>
        <ul className="shard-legend">
          {owners.map(({ address, count, place }) => (
            <li key={list.servers[place]?.id}>
              <span className="server-swatch" data-color={colorOf(list.servers, place)} aria-hidden="true" />
              <span className="wrap-anywhere">{address}</span>
              <span className="figure secondary">
                {formatNumber(count)}
                {list.servers[place]?.state === 'leaving' && ', being handed over'}
              </span>
            </li>
          ))}
          {free > 0 && (
            <li>
              <span className="server-swatch" data-color="none" aria-hidden="true" />
              nobody
              <span className="figure warn">{formatNumber(free)}</span>
            </li>
          )}
        </ul>
      </div>
    </Container>
  )
}
