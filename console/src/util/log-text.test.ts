import { expect, test } from 'vitest'
import { readLogText } from './log-text'

const read = (text: string) => {
  const { level, message } = readLogText(text)
  return [level, message]
}

test('JSON lines, whoever wrote them', () => {
  expect(read('{"level":"warning","message":"slow"}')).toEqual(['WARN', 'slow'])
  expect(read('{"level":"ERROR","fields":{"message":"broke"}}')).toEqual(['ERROR', 'broke'])
  expect(read('{"level":"INFO","message":{"a":1}}')).toEqual(['INFO', '{"a":1}'])
  expect(read('{"other":1}')).toEqual([null, '{"other":1}'])
})

test('what is particular about a line stands beside its message', () => {
  expect(readLogText('{"level":"INFO","message":"refused","service":"Api","status":400,"why":"too large"}').extras).toEqual(['status=400', 'why=too large'])
  expect(readLogText('{"_aws":{"CloudWatchMetrics":[]},"service":"Api","Submitted":1}')).toMatchObject({ message: 'metrics', extras: ['Submitted=1'] })
})

test('text', () => {
  expect(read('plain')).toEqual([null, 'plain'])
  expect(read('[ERROR] it broke')[0]).toBe('ERROR')
  expect(read('2026-11-25T09:00:00Z 0f7b7c1e WARN slow')[0]).toBe('WARN')
  expect(read('{"cut": "in the mid')).toEqual([null, '{"cut": "in the mid'])
  expect(read('{"level": "ERROR", "message": "it \\"broke\\"", "stack": "at li')).toEqual(['ERROR', 'it "broke"'])
  expect(read('the word INFO much later in a sentence')[0]).toBe(null)
})
