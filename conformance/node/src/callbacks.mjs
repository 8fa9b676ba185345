// Callbacks, answered by the suite.

import { LambdaClient, SendDurableExecutionCallbackSuccessCommand } from '@aws-sdk/client-lambda'
import { defaultSerdes } from '@aws/durable-execution-sdk-js'
import { Hiccup, cases, record, recorded, told } from './registry.mjs'
import { once, quick } from './steps.mjs'

const second = { seconds: 1 }
const limits = {
  none: undefined,
  timeout: { timeout: second },
  heartbeat: { heartbeatTimeout: second },
  both: { timeout: { minutes: 5 }, heartbeatTimeout: { seconds: 3 } },
}

cases.callback = async (event, context) => {
  const [answer, id] = await context.createCallback('answer', limits[event.limits ?? 'none'])
  if (!id) throw new Error('no id')
  try {
    return { answer: (await answer) ?? null }
  } catch (error) {
    return told(error)
  }
}

cases['callback-uncaught'] = async (event, context) => {
  const [answer] = await context.createCallback('answer')
  return answer
}

cases['callback-serdes'] = async (event, context) => {
  const [answer] = await context.createCallback({ serdes: defaultSerdes })
  return (await answer).nested
}

cases['callback-early'] = async (event, context) => {
  const [answer] = await context.createCallback('answer')
  await context.wait('meanwhile', { seconds: 15 })
  return answer
}

cases['callback-two'] = async (event, context) => {
  const [first] = await context.createCallback('first')
  const [second_] = await context.createCallback('second')
  return [await first, await second_]
}

cases['callback-ignored'] = async (event, context) => {
  await context.createCallback('ignored')
  return context.step('done', async () => 'done')
}

function answer(id, text) {
  const command = new SendDurableExecutionCallbackSuccessCommand({ CallbackId: id, Result: Buffer.from(text) })
  return new LambdaClient({}).send(command)
}

cases.waitForCallback = async (event, context) => {
  const submit = async (id, { logger }) => {
    logger.info('submitting')
    record(event, 'submit')
  }
  try {
    return { answer: await context.waitForCallback('approval', submit, limits[event.limits ?? 'none']) }
  } catch (error) {
    return told(error)
  }
}

cases['waitForCallback-inside'] = async (event, context) => {
  const named = await context.waitForCallback('ready', async (id) => {
    record(event, 'asks')
    await answer(id, 'ready!')
  })
  const unnamed = await context.waitForCallback(async (id) => {
    await answer(id, 'nameless')
  })
  const parsed = await context.waitForCallback('sign', async (id) => void (await answer(id, '{"signed": true}')), {
    serdes: defaultSerdes,
  })
  return [named, unnamed, parsed]
}

cases['waitForCallback-submitter'] = async (event, context) => {
  const submit = async (id) => {
    record(event, 'submit')
    if (event.fails === 'always' || recorded(event).length < 2) throw new Hiccup('line is busy')
    await answer(id, 'second try')
  }
  return context.waitForCallback('call', submit, event.fails === 'always' ? once : quick).catch(told)
}
