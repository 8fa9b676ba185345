/** The calls of the public Lambda API that the console makes, in AWS's own shapes. */

import { getJson, send } from './request'

export interface ErrorObject {
  ErrorType?: string
  ErrorMessage?: string
  ErrorData?: string
  StackTrace?: string[]
}

interface PayloadDetails {
  Payload?: string
  Truncated?: boolean
}

interface Failure {
  Error?: { Payload?: ErrorObject; Truncated?: boolean }
}

interface Success {
  Result?: PayloadDetails
}

/** One event of `GetDurableExecutionHistory`. Exactly the details that its type names are there. */
export interface HistoryEvent {
  EventType: string
  SubType?: string
  EventId: number
  Id?: string
  Name?: string
  /** Seconds since 1970, with a fraction. */
  EventTimestamp: number
  ParentId?: string
  ExecutionStartedDetails?: { Input?: PayloadDetails; ExecutionTimeout?: number }
  ExecutionSucceededDetails?: Success
  ExecutionFailedDetails?: Failure
  ExecutionTimedOutDetails?: Failure
  ExecutionStoppedDetails?: Failure
  ExecutionPausedDetails?: Record<string, unknown>
  ExecutionResumedDetails?: Record<string, unknown>
  ContextStartedDetails?: Record<string, never>
  ContextSucceededDetails?: Success
  ContextFailedDetails?: Failure
  WaitStartedDetails?: { Duration?: number; ScheduledEndTimestamp?: number }
  WaitSucceededDetails?: { Duration?: number }
  WaitCancelledDetails?: Failure
  StepStartedDetails?: Record<string, never>
  StepSucceededDetails?: Success & { RetryDetails?: RetryDetails }
  StepFailedDetails?: Failure & { RetryDetails?: RetryDetails }
  ChainedInvokeStartedDetails?: { FunctionName?: string; TenantId?: string; Input?: PayloadDetails; ExecutedVersion?: string; DurableExecutionArn?: string }
  ChainedInvokeSucceededDetails?: Success
  ChainedInvokeFailedDetails?: Failure
  ChainedInvokeTimedOutDetails?: Failure
  ChainedInvokeStoppedDetails?: Failure
  CallbackStartedDetails?: { CallbackId?: string; HeartbeatTimeout?: number; Timeout?: number; Input?: PayloadDetails }
  CallbackSucceededDetails?: Success
  CallbackFailedDetails?: Failure
  CallbackTimedOutDetails?: Failure
  InvocationCompletedDetails?: { StartTimestamp: number; EndTimestamp: number; RequestId: string; Error?: { Payload?: ErrorObject; Truncated?: boolean } }
}

export interface RetryDetails {
  CurrentAttempt?: number
  NextAttemptDelaySeconds?: number
}

/** Answer of `GetDurableExecution`. */
export interface DurableExecution {
  DurableExecutionArn: string
  DurableExecutionName: string
  FunctionArn: string
  InputPayload?: string
  Result?: string
  Error?: ErrorObject
  Status: string
}

const executionPath = (arn: string) => `/2025-12-01/durable-executions/${encodeURIComponent(arn)}`
const callbackPath = (id: string) => `/2025-12-01/durable-execution-callbacks/${encodeURIComponent(id)}`

const post = async (path: string, body?: BodyInit | object): Promise<void> => {
  const text = body === undefined ? null : typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body)
  await send(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: text })
}

/** The environment of `GetFunctionConfiguration`. */
export const getEnvironment = async (name: string, version: string, signal: AbortSignal): Promise<Record<string, string>> => {
  const path = `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`
  const configuration = await getJson<{ Environment?: { Variables?: Record<string, string> } }>(path, { Qualifier: version }, signal)
  return configuration.Environment?.Variables ?? {}
}

export const getDurableExecution = (arn: string, signal: AbortSignal) => getJson<DurableExecution>(executionPath(arn), { IncludeExecutionData: true }, signal)

export const stopDurableExecution = (arn: string, error: ErrorObject) => post(`${executionPath(arn)}/stop`, error)

export const pauseDurableExecution = (arn: string, reason: string | undefined) => post(`${executionPath(arn)}/pause`, reason === undefined ? {} : { Reason: reason })

export const resumeDurableExecution = (arn: string) => post(`${executionPath(arn)}/resume`, {})

export async function deleteDurableExecution(arn: string): Promise<void> {
  await send(executionPath(arn), { method: 'DELETE' })
}

/** Has an execution of a state machine go on from where it failed, by the ARN that Step Functions knows it by. */
export async function redriveExecution(executionArn: string): Promise<void> {
  const headers = { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'AWSStepFunctions.RedriveExecution' }
  await send('/', { method: 'POST', headers, body: JSON.stringify({ executionArn }) })
}

/** `result`: JSON text, taken as it is. */
export const sendCallbackSuccess = (id: string, result: string) => post(`${callbackPath(id)}/succeed`, result)

export const sendCallbackFailure = (id: string, error: ErrorObject) => post(`${callbackPath(id)}/fail`, error)

export const sendCallbackHeartbeat = (id: string) => post(`${callbackPath(id)}/heartbeat`)

export interface InvokeRequest {
  function: string
  qualifier?: string | undefined
  payload: string
  type: 'RequestResponse' | 'Event' | 'DryRun'
  /** Name of the durable execution. */
  name?: string | undefined
}

export interface InvokeAnswer {
  statusCode: number
  /** Set when the function failed. */
  functionError: string | null
  executedVersion: string | null
  durableExecutionArn: string | null
  payload: string
}

export async function invoke(request: InvokeRequest, signal?: AbortSignal): Promise<InvokeAnswer> {
  const qualifier = request.qualifier === undefined ? '' : `?Qualifier=${encodeURIComponent(request.qualifier)}`
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'X-Amz-Invocation-Type': request.type }
  if (request.name !== undefined && request.name !== '') headers['X-Amz-Durable-Execution-Name'] = request.name
  const path = `/2015-03-31/functions/${encodeURIComponent(request.function)}/invocations${qualifier}`
  const response = await send(path, { method: 'POST', headers, body: request.payload, ...(signal === undefined ? {} : { signal }) })
  return {
    statusCode: response.status,
    functionError: response.headers.get('x-amz-function-error'),
    executedVersion: response.headers.get('x-amz-executed-version'),
    durableExecutionArn: response.headers.get('x-amz-durable-execution-arn'),
    payload: await response.text(),
  }
}
