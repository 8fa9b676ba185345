import Box from '@cloudscape-design/components/box'
import { createBrowserRouter, Navigate, useRouteError } from 'react-router'
import { ErrorBox } from './components/error-box'
import { Shell } from './layout/shell'
import { SignedIn } from './layout/signed-in'
import { ChangesPage } from './pages/changes/page'
import { ExecutionPage } from './pages/execution/page'
import { ExecutionsPage } from './pages/executions/page'
import { FunctionPage } from './pages/function/page'
import { FunctionsPage } from './pages/functions/page'
import { NamedExecutionPage } from './pages/named-execution/page'
import { NoSuchPage } from './pages/no-such-page'
import { ServersPage } from './pages/servers/page'
import { SystemPage } from './pages/system/page'
import { WaitingPage } from './pages/waiting/page'
import { paths } from './util/paths'

export const router = createBrowserRouter([
  {
    element: (
      <SignedIn>
        <Shell />
      </SignedIn>
    ),
    errorElement: <Broken />,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { path: '/', element: <Navigate to={paths.executions()} replace /> },
          { path: '/executions', element: <ExecutionsPage /> },
          { path: '/executions/:id', element: <ExecutionPage /> },
          { path: '/waiting', element: <WaitingPage /> },
          { path: '/functions', element: <FunctionsPage /> },
          { path: '/functions/:name', element: <FunctionPage /> },
          { path: '/functions/:name/executions/:execution', element: <NamedExecutionPage /> },
          { path: '/servers', element: <ServersPage /> },
          { path: '/changes', element: <ChangesPage /> },
          { path: '/system', element: <SystemPage /> },
          { path: '*', element: <NoSuchPage /> },
        ],
      },
    ],
  },
])

/** A mistake of ours: the rest of the console goes on. */
function Broken() {
  return (
    <Box padding="l">
      <ErrorBox title="This page broke" error={useRouteError()} onRetry={() => window.location.reload()} />
    </Box>
  )
}
