const { App, Stack } = require('aws-cdk-lib')
const lambda = require('aws-cdk-lib/aws-lambda')

const stack = new Stack(new App(), 'Orders')
const approve = new lambda.Function(stack, 'Approve', {
  functionName: 'approve',
  runtime: lambda.Runtime.NODEJS_22_X,
  handler: 'app.handler',
  code: lambda.Code.fromAsset('src'),
})
approve.node.defaultChild.addPropertyOverride('DurableConfig', { ExecutionTimeout: 3600 })
new lambda.Alias(stack, 'Live', { aliasName: 'live', version: approve.currentVersion })
