// Functions that invoke functions.

import { cases, told } from './registry.mjs'
import { shout } from './steps.mjs'

cases.invoke = async (event, context) => {
  const config = event.tenant && { tenantId: event.tenant }
  try {
    return { got: await context.invoke('call', event.target, event.payload ?? {}, config) }
  } catch (error) {
    return told(error)
  }
}

cases['invoke-uncaught'] = (event, context) => context.invoke(event.target, event.payload)

cases['invoke-no-input'] = async (event, context) => [
  await context.invoke('JsPlain'),
  await context.invoke('named', 'JsChild:live'),
]

cases['invoke-serdes'] = (event, context) =>
  context.invoke('call', 'JsPlain', '"quiet"', { payloadSerdes: shout, resultSerdes: shout })

cases['invoke-large'] = async (event, context) => {
  const payload = { do: 'echo', text: 'x'.repeat(700_000) }
  return (await context.invoke('call', 'JsChild:live', payload)).length
}

cases['invoke-too-large'] = (event, context) => context.invoke('call', 'JsPlain', { text: 'x'.repeat(1_100_000) })

cases['invoke-together'] = async (event, context) => {
  const calls = [1, 2, 3].map((n) => context.invoke(`call ${n}`, 'JsPlain', { n }))
  return context.promise.all('all', calls)
}

cases['invoke-chain'] = async (event, context) => {
  if (event.depth === 0) return ['bottom']
  const inner = { ...event, depth: event.depth - 1, case: 'invoke-chain' }
  return [event.depth, ...(await context.invoke(`depth ${event.depth}`, 'JsCases:live', inner))]
}
