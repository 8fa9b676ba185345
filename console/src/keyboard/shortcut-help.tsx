import Box from '@cloudscape-design/components/box'
import Modal from '@cloudscape-design/components/modal'
import { useOffered } from './shortcuts'

/** What the keyboard can do here. */
export function ShortcutHelp({ visible, onDismiss }: { visible: boolean; onDismiss: () => void }) {
  const offered = useOffered()
  const seen = new Set<string>()
  const shown = offered.filter(({ keys }) => !seen.has(keys) && seen.add(keys))
  return (
    <Modal visible={visible} onDismiss={onDismiss} header="Keyboard" closeAriaLabel="Close">
      <table className="shortcut-list">
        <tbody>
          {shown.map(({ keys, label }) => (
            <tr key={keys}>
              <th scope="row">
                {keys.split(' ').map((key, index) => (
                  <kbd key={index}>{key}</kbd>
                ))}
              </th>
              <td>{label}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Box color="text-body-secondary" margin={{ top: 's' }}>
        Keys do nothing while you write in a field.
      </Box>
    </Modal>
  )
}
