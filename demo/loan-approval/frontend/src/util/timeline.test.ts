import { describe, expect, it } from 'vitest'
import { parseCost } from '../api/cost'
import { parseApplication } from '../api/parse'
import { deriveProgress } from './progress'
import { axisLength, laneOf, merged, ticks } from './timeline'

describe('compute', () => {
  it('is merged, with how many functions ran at once', () => {
    expect(merged([])).toEqual([])
    const three = [
      { from: 0, to: 4 },
      { from: 1, to: 3 },
      { from: 8, to: 9 },
    ]
    expect(merged(three)).toEqual([
      { from: 0, to: 1, at: 1 },
      { from: 1, to: 3, at: 2 },
      { from: 3, to: 4, at: 1 },
      { from: 8, to: 9, at: 1 },
    ])
  })
})

it('the axis has at most nine marks', () => {
  for (const length of [5_000, 9_000, 25_000, 61_000, 1_900_000]) expect(ticks(length).length).toBeLessThanOrEqual(9)
  expect(ticks(5_000)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000])
})

const at = (second: number) => new Date(1_760_000_000_000 + second * 1000).toISOString()

it('a lane has the stages, and the time that functions ran', () => {
  const application = parseApplication({
    application_id: 'LOAN-1760000000-A1B2',
    engine: 'state-machine',
    status: 'denied',
    current_step: 'fraud_check',
    applicant_name: 'Alice',
    loan_amount: 1,
    logs: [
      { timestamp: at(0), step: 'submitted', message: 'Application received', level: 'info' },
      { timestamp: at(1), step: 'validating', message: '', level: 'info' },
      { timestamp: at(3), step: 'fraud_check', message: '', level: 'info' },
      { timestamp: at(8), step: 'fraud_check', message: '', level: 'warn' },
    ],
    result: { reason: 'no' },
    created_at: at(0),
  })
  const cost = parseCost({
    execution_id: 'id',
    function: 'LoanStateMachine',
    started_at: Date.parse(at(0)),
    ended_at: Date.parse(at(8)),
    usage: { operations: 0, transitions: 3, bytes_written: 0, bytes_passed: 9, byte_hours_retained: 0, requests: 2, gb_seconds_x86_64: 1, gb_seconds_arm64: 0 },
    bill: [{ meter: 'state transitions', amount: 0.000075 }],
    runs: [{ runs: 1, total: 0.000075 }],
    compute: [
      { function: 'Task', began_at: Date.parse(at(1)), ended_at: Date.parse(at(3)), is_lost: false },
      { function: 'Task', began_at: Date.parse(at(2)), ended_at: Date.parse(at(3)), is_lost: false },
    ],
    steps: [],
    prices: { region: 'us-east-1', read_on: '2026-09-20', sources: ['https://aws.amazon.com/'] },
    assumptions: ['a'],
  })
  const begin = Date.parse(at(0))
  const lane = laneOf(deriveProgress(application, false), cost, begin, begin + 60_000)
  expect(lane.stages.map(({ step, from, to, kind }) => [step, from, to, kind])).toEqual([
    ['submitted', 0, 1000, 'running'],
    ['validating', 1000, 3000, 'running'],
    ['fraud_check', 3000, 8000, 'suspended'],
  ])
  expect([lane.busy, lane.computed, lane.elapsed]).toEqual([2000, 3000, 8000])
  expect(axisLength([lane])).toBeCloseTo(8160)
})
