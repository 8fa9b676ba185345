// The durable function of the suite.

import { withDurableExecution } from '@aws/durable-execution-sdk-js'
import './batches.mjs'
import './callbacks.mjs'
import './contexts.mjs'
import './handlers.mjs'
import './invokes.mjs'
import './polling.mjs'
import './promises.mjs'
import './steps.mjs'
import { cases } from './registry.mjs'

export const handler = withDurableExecution((event, context) => cases[event.case](event, context))
