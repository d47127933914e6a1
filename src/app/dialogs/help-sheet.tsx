/** The help sheet: all commands that have a shortcut, by group. */
import { commandGroups } from '../commands/command.ts';
import { commands } from '../commands/registry.ts';
import { Keys } from '../frame/keys.tsx';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Modal } from './modal.tsx';

export function HelpSheet(): React.JSX.Element {
  const { store } = useWorkbench();
  const singleKeys = useApp((state) => state.preferences.singleKeyShortcuts);
  return (
    <Modal title="Keyboard shortcuts" className="help-sheet" testId="help">
      <label className="check">
        <input
          type="checkbox"
          checked={singleKeys}
          onChange={() =>
            store.dispatch({ type: 'preferences', change: { singleKeyShortcuts: !singleKeys } })
          }
        />
        Single-key shortcuts
      </label>
      <div className="help-groups">
        {commandGroups.map((group) => (
          <section key={group} aria-label={group}>
            <h3>{group}</h3>
            <dl>
              {commands
                .filter((command) => command.group === group && command.shortcuts !== undefined)
                .map((command) => (
                  <div key={command.id}>
                    <dt>{command.title}</dt>
                    <dd>
                      <Keys shortcut={command.shortcuts?.[0] ?? ''} />
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
