/** The release of a server beside that of this box: older, newer, and what is to be done then. */
import type { VNode } from 'preact';
import { besideOurs, type Beside } from '../../../../../src/site/version.ts';
import { server } from '../../../app/stores.ts';
import { t } from '../../../messages/servers/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { updatesPath } from '../../settings/updates/choice.ts';
import type { ServerRow } from './rows.ts';

type Props = { readonly row: ServerRow };
function besideOf({ version, isOwn }: ServerRow): Beside {
  const ours = server.value?.version;
  return isOwn || version === undefined || ours === undefined ? 'same' : besideOurs(version, ours);
}

/** In the grid. Only an older one is to be seen to there. */
export function Version({ row }: Props): VNode | null {
  const { version } = row;
  if (version === undefined) return null;
  const beside = besideOf(row);
  if (beside === 'same') return <span class="muted">{version}</span>;
  return (
    <>
      <span class={beside === 'older' ? 'warn' : ''}>{version}</span>
      <div class={`small ${beside === 'older' ? 'warn' : 'muted'}`}>{t(`version.${beside}`)}</div>
    </>
  );
}

/** In the details. */
export function VersionNote({ row }: Props): VNode | null {
  const beside = besideOf(row);
  if (beside === 'same') return null;
  const values = { name: row.name, version: row.version ?? '', own: server.value?.version ?? '' };
  return (
    <Notice tone={beside === 'older' ? 'warn' : undefined}>
      {t(`version.${beside}Text`, values)} <a href={updatesPath([row.id])}>{t('version.updates')}</a>
    </Notice>
  );
}
