import { expect, test } from 'vitest'
import { errorPage } from './error-page'

test('an error is known by its name, whatever module it is of', () => {
  expect(errorPage('Sandbox.Timedout')).toBe('Sandbox.Timedout')
  expect(errorPage('aws_durable_execution_sdk_python.exceptions.StepError')).toBe('StepError')
  expect(errorPage('OrderError')).toBeUndefined()
})
