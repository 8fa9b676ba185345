import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import { restoreTheme } from './hooks/use-theme'
import './styles/base.css'
import './styles/form.css'
import './styles/application.css'
import './styles/timeline.css'
import './styles/dialog.css'
import './styles/logs.css'
import './styles/compare.css'

restoreTheme()

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with the id `root`')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
