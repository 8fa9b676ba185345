import '@cloudscape-design/global-styles/index.css'
import './styles/console.css'
import { I18nProvider } from '@cloudscape-design/components/i18n'
import messages from '@cloudscape-design/components/i18n/messages/all.en'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { ServerError } from './api/request'
import { isSignedOut, sessionQuery } from './api/session'
import { router } from './app'
import { showStoredTheme } from './preferences/theme'

const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The session is over: the sign-in is shown in the place of the page.
      if (isSignedOut(error)) void queries.invalidateQueries({ queryKey: sessionQuery.queryKey })
    },
  }),
  defaultOptions: {
    queries: {
      // What the server refused, it refuses again; what did not answer may be back in a moment.
      retry: (failures, error) => !(error instanceof ServerError && error.status < 500) && failures < 2,
      staleTime: 1_000,
    },
  },
})

showStoredTheme()
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <I18nProvider locale="en" messages={[messages]}>
        <RouterProvider router={router} />
      </I18nProvider>
    </QueryClientProvider>
  </StrictMode>,
)
