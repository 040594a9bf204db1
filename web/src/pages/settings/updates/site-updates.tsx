/** At a host: which servers get a release, one after another, and how far they are. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { SiteServerView } from '../../../api/site.ts';
import { updates, type ServerUpdate, type Updates } from '../../../api/updates.ts';
import { isOwner } from '../../../app/session.ts';
import { attempt } from '../../../app/toasts.tsx';
import { t } from '../../../messages/settings/words.ts';
import { ConfirmDialog } from '../../../ui/dialog.tsx';
import { CheckField, SelectField } from '../../../ui/field.tsx';
import { inOrder, isUnderway, newestOf, wantedIn } from './choice.ts';

type Props = { readonly seen: Updates; readonly others: readonly SiteServerView[]; readonly onChange: () => void };
export function SiteUpdates({ seen, others, onChange }: Props): VNode | null {
  const isOpen = isUnderway(seen);
  if (others.length === 0) return null;
  return (
    <>
      {seen.servers.length > 0 && <Progress {...{ seen, onChange }} />}
      {!isOpen && isOwner() && <Choose {...{ seen, others, onChange }} />}
    </>
  );
}

function Choose({ seen, others, onChange }: Props): VNode | null {
  const [picked, setPicked] = useState<string>();
  const [picks, setPicks] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [asking, setAsking] = useState(false);
  const usable = seen.releases.filter(({ beside }) => beside !== 'older');
  const version = usable.find((one) => one.version === picked)?.version ?? newestOf(seen.releases)?.version;
  if (version === undefined) return null;
  const wanted = wantedIn(location.search);
  const rows = inOrder(others, version);
  if (rows.length === 0) return <p class="muted small">{t('updates.allHave', { version })}</p>;
  const isOn = ({ id }: SiteServerView): boolean => picks.get(id) ?? wanted?.includes(id) ?? true;
  const chosen = rows.filter(isOn);
  const flip = (id: string, on: boolean): void => setPicks(new Map(picks).set(id, on));
  return (
    <fieldset class="stack settings-part">
      <legend>{t('updates.servers')}</legend>
      {usable.length > 1 && (
        <SelectField
          label={t('updates.which')}
          value={version}
          onChange={setPicked}
          options={usable.map((one) => [one.version, one.version] as const)}
        />
      )}
      {rows.map((one) => (
        <CheckField
          key={one.id}
          label={`${one.name} (${one.version ?? '?'})`}
          checked={isOn(one)}
          onChange={(on) => flip(one.id, on)}
        />
      ))}
      <div class="row">
        <button type="button" class="button primary" disabled={chosen.length === 0} onClick={() => setAsking(true)}>
          {t('updates.begin', { n: chosen.length, version })}
        </button>
      </div>
      {asking && <Begin {...{ version, chosen, onChange }} onClose={() => setAsking(false)} />}
    </fieldset>
  );
}

type BeginProps = {
  readonly version: string;
  readonly chosen: readonly SiteServerView[];
  readonly onChange: () => void;
  readonly onClose: () => void;
};
function Begin({ version, chosen, onChange, onClose }: BeginProps): VNode {
  const begin = async (): Promise<void> => {
    const ids = chosen.map(({ id }) => id);
    if (!(await attempt(() => updates.updateServers(version, ids)))) return;
    onClose();
    onChange();
  };
  const counted = { n: chosen.length, version };
  return (
    <ConfirmDialog
      title={t('updates.beginTitle', counted)}
      confirm={t('updates.begin', counted)}
      onConfirm={begin}
      onClose={onClose}
    >
      <p>{t('updates.beginText', { names: chosen.map(({ name }) => name).join(', ') })}</p>
      <p>{t('updates.installBack')}</p>
    </ConfirmDialog>
  );
}

function Progress({ seen, onChange }: Omit<Props, 'others'>): VNode {
  const canStop = isOwner() && seen.servers.some(({ phase }) => phase === 'waiting');
  const stop = async (): Promise<void> => {
    if (await attempt(() => updates.breakOff())) onChange();
  };
  return (
    <>
      <ul class="list releases settings-part" aria-label={t('updates.progress')}>
        {seen.servers.map((row) => (
          <Row key={row.serverId} row={row} />
        ))}
      </ul>
      {canStop && (
        <button type="button" class="button" onClick={() => void stop()}>
          {t('updates.stop')}
        </button>
      )}
    </>
  );
}

function Row({ row }: { readonly row: ServerUpdate }): VNode {
  const { name, version, phase, sentBytes, bytes, problem } = row;
  const isFailed = phase === 'failed';
  return (
    <li class="wrap">
      <div class="grow">
        <strong>{name}</strong>{' '}
        <span class={isFailed ? 'bad' : 'muted'}>{t(`updates.phase.${phase}`, { version })}</span>
        {problem !== undefined && <div class={`small ${isFailed ? 'bad' : 'muted'}`}>{problem}</div>}
      </div>
      {phase === 'sending' && <progress value={sentBytes} max={bytes} aria-label={name} />}
      {(phase === 'unpacking' || phase === 'restarting') && <progress aria-label={name} />}
    </li>
  );
}
