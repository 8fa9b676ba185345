// Calls what it may and what it may not, by AWS's SDK for JavaScript.
import { GetDurableExecutionCommand, InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda'

const functions = new LambdaClient({})

async function attempt(call) {
  try {
    return await call()
  } catch (error) {
    return error.name
  }
}

export async function handler(event) {
  return {
    invoked: await attempt(async () => {
      const answer = await functions.send(new InvokeCommand({ FunctionName: 'Steps', Qualifier: 'live', Payload: '1' }))
      return JSON.parse(Buffer.from(answer.Payload).toString())
    }),
    functions: await attempt(() => functions.send(new ListFunctionsCommand({}))),
    execution: await attempt(() => functions.send(new GetDurableExecutionCommand({ DurableExecutionArn: event.arn }))),
  }
}
