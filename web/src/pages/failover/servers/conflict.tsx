/** Somebody else changed the same server meanwhile: what they saved beside what was typed here. */
import type { VNode } from 'preact';
import type { KnownServer } from '../../../api/servers.ts';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/servers/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { draftOf, type Draft } from './draft.ts';

type Props = {
  readonly mine: Draft;
  readonly theirs: KnownServer;
  readonly onMine: () => void;
  readonly onTheirs: () => void;
};
export function Conflict({ mine, theirs, onMine, onTheirs }: Props): VNode {
  const there = draftOf(theirs.name, theirs);
  const host = ({ dialsIn, host: address }: Draft): string => (dialsIn ? t('note.dialsIn') : address);
  const yesNo = (on: boolean): string => shell(on ? 'common.yes' : 'common.no');
  const lines = [
    [t('fact.address'), host(mine), host(there)],
    [t('edit.httpPort'), mine.httpPort, there.httpPort],
    [t('edit.peerPort'), mine.peerPort, there.peerPort],
    [t('edit.lock'), yesNo(mine.locked), yesNo(there.locked)],
  ] as const;
  return (
    <>
      <Notice tone="warn">{t('conflict.text')}</Notice>
      <table class="table conflict">
        <thead>
          <tr>
            <td />
            <th scope="col">{t('conflict.mine')}</th>
            <th scope="col">{t('conflict.theirs')}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(([label, left, right]) => (
            <tr key={label} class={left === right ? 'muted' : ''}>
              <th scope="row">{label}</th>
              <td>{left}</td>
              <td>{right}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="row wrap end">
        <button type="button" class="button" onClick={onTheirs}>
          {t('conflict.takeTheirs')}
        </button>
        <button type="button" class="button primary" onClick={onMine}>
          {t('conflict.keepMine')}
        </button>
      </div>
    </>
  );
}
