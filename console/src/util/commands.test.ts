import { beforeEach, expect, test, vi } from 'vitest'
import { costCommand, invokeCommands, quote } from './commands'

beforeEach(() => vi.stubGlobal('window', { location: { origin: 'http://127.0.0.1:3001' } }))

test('words are quoted for a shell where they need it', () => {
  expect(quote('loan-1')).toBe('loan-1')
  expect(quote('Orders:$LATEST')).toBe("'Orders:$LATEST'")
  expect(quote("it's")).toBe("'it'\\''s'")
  expect(quote('')).toBe("''")
})

test('an invocation in both tongues', () => {
  const { aws, lambdura } = invokeCommands({ function: 'Orders', qualifier: 'live', payload: '{"a":1}', type: 'Event', name: 'order-1' })
  expect(aws).toBe(
    "aws lambda invoke --function-name Orders:live --invocation-type Event --durable-execution-name order-1 --cli-binary-format raw-in-base64-out --payload '{\"a\":1}' /dev/stdout --endpoint-url http://127.0.0.1:3001",
  )
  expect(lambdura).toBe("lambdura invoke Orders:live --event --name order-1 --payload '{\"a\":1}'")
})

test('the endpoint is named unless it is the one that commands ask by themselves', () => {
  expect(costCommand('order-1')).toBe('lambdura cost order-1')
  vi.stubGlobal('window', { location: { origin: 'http://127.0.0.1:4001' } })
  expect(costCommand('order-1')).toBe('lambdura cost order-1 --endpoint http://127.0.0.1:4001')
})

test('only the AWS CLI has a dry run', () => {
  const { aws, lambdura } = invokeCommands({ function: 'Orders', payload: '{}', type: 'DryRun' })
  expect(aws).toContain('--invocation-type DryRun')
  expect(lambdura).toBeUndefined()
})
