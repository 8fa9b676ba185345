import { useTheme } from '../hooks/use-theme'
import { Icon } from './icon'

export function Header() {
  const [other, toggle] = useTheme()
  return (
    <header className="topbar">
      <div className="topbar-inner">
        <p className="wordmark">
          <img src="/mark.svg" alt="" width="28" height="28" />
          Lambdura <span>durable functions demo</span>
        </p>
        <button type="button" className="button quiet icon-only" onClick={toggle} aria-label={`Switch to ${other} theme`}>
          <Icon name={other === 'dark' ? 'moon' : 'sun'} />
        </button>
      </div>
    </header>
  )
}
