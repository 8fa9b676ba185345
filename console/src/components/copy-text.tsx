import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'

/** Text beside a button that copies it. */
export function CopyText({ text, code = false, label = 'Copy', shown }: { text: string; code?: boolean; label?: string; shown?: string }) {
  return (
    <span className="copy-text">
      {code ? <code className="wrap-anywhere">{shown ?? text}</code> : <span className="wrap-anywhere">{shown ?? text}</span>}
      <CopyToClipboard variant="icon" textToCopy={text} copyButtonAriaLabel={label} copySuccessText="Copied" copyErrorText="Could not copy" />
    </span>
  )
}
