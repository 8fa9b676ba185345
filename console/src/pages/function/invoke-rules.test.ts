import { expect, test } from 'vitest'
import { executionIdOf, nameProblem, pretty, qualifiers, waitRefusal } from './invoke-rules'

const version = (name: string, aliases: string[]) => ({ version: name, aliases, published_at: 0, open_executions: 0, warm: 0, busy: 0, queued: 0 })

test('aliases, then versions, then the latest code', () => {
  const options = qualifiers({ versions: [version('$LATEST', []), version('2', ['previous']), version('10', ['live'])] })
  expect(options.map(({ value }) => value)).toEqual(['live', 'previous', '10', '2', '$LATEST'])
})

test('a long execution cannot be waited for', () => {
  expect(waitRefusal({ is_durable: true, execution_timeout_seconds: 900 })).toBeUndefined()
  expect(waitRefusal({ is_durable: true, execution_timeout_seconds: 901 })).toMatch(/15 minutes/)
  expect(waitRefusal({ is_durable: false })).toBeUndefined()
})

test('names of executions', () => {
  expect(nameProblem('loan-1_A')).toBeUndefined()
  expect(nameProblem('loan 1')).toBe('Letters, digits, - and _ only.')
  expect(nameProblem('x'.repeat(65))).toBe('At most 64 characters.')
})

test('the id of an ARN', () => {
  expect(executionIdOf('arn:aws:lambda:us-east-1:123456789012:function:F:1/durable-execution/name/0f7b')).toBe('0f7b')
})

test('JSON is laid out, and nothing else is', () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
  expect(pretty('{"a":')).toBe('{"a":')
})
