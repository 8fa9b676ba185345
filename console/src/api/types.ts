/** What the console routes of the server answer: names for the generated types. */

import type { components } from './schema'

type Schemas = components['schemas']

export type ExecutionStatus = Schemas['Status']
export type OperationType = 'EXECUTION' | 'CONTEXT' | 'STEP' | 'WAIT' | 'CALLBACK' | 'CHAINED_INVOKE'
export type WakeReason = Schemas['WakeReason']
export type OpenOperation = Schemas['OpenOperation'] & { type: OperationType }
export type Activity = Omit<Schemas['Activity'], 'operations'> & { operations: OpenOperation[] }
export type ExecutionSummary = Omit<Schemas['ExecutionSummary'], 'activity'> & { activity?: Activity | null }
export type ExecutionPage = Omit<Schemas['ExecutionPage'], 'executions'> & { executions: ExecutionSummary[] }
export type CountsByStatus = Schemas['CountsByStatus']
export type ExecutionCounts = Schemas['ExecutionCounts']
export type LivePage = Omit<Schemas['LivePage'], 'executions'> & { executions: ExecutionSummary[] }
export type ErrorHead = Schemas['ErrorHead']
export type Trigger = Schemas['Trigger']
export type TriggerKind = Schemas['TriggerKind']
export type Usage = Schemas['Usage']
export type ExecutionDetail = Schemas['ExecutionDetail']
export type ExecutionCost = Schemas['ExecutionCost']
export type CostKind = Schemas['CostKind']
export type CostLine = Schemas['CostLine']
export type CostRuns = Schemas['CostRuns']
export type CostPrices = Schemas['CostPrices']
export type CostUsage = Schemas['CostUsage']
export type MachineDefinition = Schemas['MachineDefinition']
export type OpenCallback = Schemas['OpenCallback']
export type Timer = Schemas['Timer']
export type FunctionStats = Schemas['FunctionStats']
export type FunctionVersionStatus = Schemas['VersionStatus']
export type FunctionStatus = Schemas['FunctionStatus']
export type FunctionDetail = Schemas['FunctionDetail']
export type Metric = Schemas['Metric']
export type FunctionInput = Schemas['FunctionInput']
export type System = Schemas['System']
export type AuditLine = Schemas['AuditLine']
export type AuditLines = Schemas['AuditLines']
export type ServerList = Schemas['ServerList']
export type ServerShown = Schemas['ServerShown']
export type Clock = Schemas['ClockShown']
export type MoveClock = Schemas['MoveClock']
export type SetAsideExecution = Schemas['SetAsideExecution']
export type SetAsideList = Schemas['SetAsideList']

/** Of `/lambdura/v1/logs`, which the command line reads too. */
export interface LogLine {
  number: number
  timestamp: number
  function: string
  version: string
  request_id?: string | null
  execution_id?: string | null
  stream: 'stdout' | 'stderr' | 'platform'
  text: string
  /** The whole length, where `text` was cut. */
  text_bytes?: number | null
}

/** Of `/lambdura/v1/segments`. */
export interface Segment {
  trace_id: string
  received_at: number
  document: unknown
}
