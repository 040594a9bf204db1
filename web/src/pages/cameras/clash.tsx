/** Two people edited one camera: what differs, side by side, and which of both is to be kept. */
import type { VNode } from 'preact';
import { t as word } from '../../messages/cameras/words.ts';
import { t, type MessageKey } from '../../messages/messages.ts';
import { Notice } from '../../ui/dialog.tsx';
import { differencesOf, type Draft } from './draft.ts';

const NAMES: Readonly<Record<keyof Draft, MessageKey>> = {
  name: 'cameras.name',
  url: 'camera.address',
  subUrl: 'camera.subAddress',
  transport: 'camera.transport',
  username: 'camera.username',
  password: 'camera.password',
  enabled: 'camera.enabled',
  record: 'camera.record',
  audio: 'camera.audio',
  priority: 'camera.priority',
  level: 'camera.level',
  days: 'camera.maxDays',
  fingerprint: 'camera.trust',
};

function textOf(key: keyof Draft, draft: Draft): string {
  const value = draft[key];
  if (typeof value === 'boolean') return t(value ? 'common.yes' : 'common.no');
  if (key === 'priority') return t(`priority.${draft.priority}`);
  if (key === 'level') return t(`level.${draft.level}`);
  return value === undefined || value === '' ? word('clash.empty') : value;
}

type ClashProps = {
  readonly mine: Draft;
  readonly theirs: Draft;
  readonly onKeepMine: () => void;
  readonly onTakeTheirs: () => void;
};
export function Clash({ mine, theirs, onKeepMine, onTakeTheirs }: ClashProps): VNode {
  const keys = differencesOf(mine, theirs);
  return (
    <Notice tone="warn">
      <p class="strong" role="alert">
        {word('clash.title')}
      </p>
      <p>{keys.length === 0 ? word('clash.same') : word('clash.text')}</p>
      {keys.length > 0 && (
        <table class="clash">
          <thead>
            <tr>
              <th scope="col">{word('clash.field')}</th>
              <th scope="col">{word('clash.yours')}</th>
              <th scope="col">{word('clash.theirs')}</th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr key={key}>
                <th scope="row">{t(NAMES[key])}</th>
                <td>{textOf(key, mine)}</td>
                <td>{textOf(key, theirs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="row wrap">
        <button type="button" class="button" onClick={onKeepMine}>
          {word('clash.keepMine')}
        </button>
        <button type="button" class="button" onClick={onTakeTheirs}>
          {word('clash.takeTheirs')}
        </button>
      </p>
    </Notice>
  );
}
