/** What can be done with the servers that are selected. */
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { attempt, toast } from '../../../app/toasts.tsx';
import { can } from '../../../app/session.ts';
import { plural, t } from '../../../messages/servers/words.ts';
import { Icon, type IconName } from '../../../ui/icon.tsx';
import { updatesPath } from '../../settings/updates/choice.ts';
import { doAction } from './do-action.ts';
import type { SetOpen } from './open.ts';
import { ACTIONS, actionsFor, isEditable, isUpdatable, type Action, type ServerRow } from './rows.ts';
import { isOwner } from './store.ts';

const ICONS: Partial<Readonly<Record<Action, IconName>>> = { detach: 'signOut', forget: 'trash' };

/** For a selection: what applies to any of them, done to those that it applies to. */
export function actionsForAll(rows: readonly ServerRow[]): ReadonlyMap<Action, readonly ServerRow[]> {
  const by = new Map<Action, readonly ServerRow[]>();
  for (const action of ACTIONS) {
    const able = rows.filter((row) => actionsFor(row, isOwner.value).has(action));
    if (able.length > 0) by.set(action, able);
  }
  return by;
}

/** Ends something, and is asked for once more. */
const isEnding = (action: Action): action is 'disable' | 'detach' | 'forget' =>
  action === 'disable' || action === 'detach' || action === 'forget';

type Props = { readonly chosen: readonly ServerRow[]; readonly onOpen: SetOpen };
export function Toolbar({ chosen, onOpen }: Props): VNode | null {
  const [first] = chosen;
  if (first === undefined) return null;
  return (
    <>
      <span class="strong">{t('selected', { n: chosen.length })}</span>
      {chosen.length === 1 && (
        <button type="button" class="button" onClick={() => onOpen({ kind: 'details', id: first.id })}>
          <Icon name="info" />
          {t('details')}
        </button>
      )}
      <ActionButtons rows={chosen} onOpen={onOpen} />
    </>
  );
}

export function ActionButtons({
  rows,
  onOpen,
}: {
  readonly rows: readonly ServerRow[];
  readonly onOpen: SetOpen;
}): VNode {
  const [busy, setBusy] = useState(false);
  const [first] = rows;
  const run = (action: Action, able: readonly ServerRow[]): void => {
    const ids = able.map(({ id }) => id);
    if (isEnding(action)) return onOpen({ kind: 'ending', action, ids });
    setBusy(true);
    void attempt(async () => {
      const results = await doAction({ action, ids });
      const failed = results.filter(({ ok }) => !ok);
      if (failed.length > 0) onOpen({ kind: 'results', action, results });
      else toast(plural(results.length, `done.${action}.one`, `done.${action}.many`));
    }).finally(() => setBusy(false));
    return undefined;
  };
  if (!can('change')) return <></>;
  const updatable = isOwner.value ? rows.filter(isUpdatable) : [];
  return (
    <>
      {rows.length === 1 && first !== undefined && isEditable(first) && (
        <Button icon="edit" onClick={() => onOpen({ kind: 'edit', id: first.id })} isBusy={busy}>
          {t('edit')}
        </Button>
      )}
      {[...actionsForAll(rows)].map(([action, able]) => (
        <Button key={action} icon={ICONS[action]} onClick={() => run(action, able)} isBusy={busy}>
          {ofAll(t(`do.${action}`), able, rows)}
        </Button>
      ))}
      {updatable.length > 0 && (
        <a class="button" href={updatesPath(updatable.map(({ id }) => id))}>
          {ofAll(t('do.update'), updatable, rows)}
        </a>
      )}
    </>
  );
}

const ofAll = (what: string, able: readonly ServerRow[], rows: readonly ServerRow[]): string =>
  able.length === rows.length ? what : t('do.some', { what, n: able.length });

type ButtonProps = {
  readonly icon: IconName | undefined;
  readonly onClick: () => void;
  readonly isBusy: boolean;
  readonly children: ComponentChildren;
};
function Button({ icon, onClick, isBusy, children }: ButtonProps): VNode {
  return (
    <button type="button" class="button" disabled={isBusy} onClick={onClick}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}
