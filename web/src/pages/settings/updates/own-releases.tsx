/** The releases that this box keeps: adding, fetching, installing and removing one, and how the last update ended. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { updates, type KeptRelease, type Updates } from '../../../api/updates.ts';
import { isOwner } from '../../../app/session.ts';
import { attempt, toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/settings/words.ts';
import { ConfirmDialog, Notice } from '../../../ui/dialog.tsx';
import { dateAndTime, size } from '../../../ui/format.ts';
import { AddRelease } from './add-release.tsx';
import { OnlineReleases } from './online-releases.tsx';

type Props = { readonly seen: Updates; readonly onChange: () => void };
export function OwnReleases({ seen, onChange }: Props): VNode {
  const { releases, unable } = seen;
  return (
    <>
      <State seen={seen} />
      {releases.length > 0 && (
        <ul class="list releases" aria-label={t('updates.kept')}>
          {releases.map((one) => (
            <Release key={one.version} {...{ one, seen, onChange }} />
          ))}
        </ul>
      )}
      {releases.length === 0 && <p class="muted small">{t('updates.none')}</p>}
      {unable !== undefined && <Notice>{unable}</Notice>}
      {isOwner() && <AddRelease onAdded={onChange} />}
      {isOwner() && <OnlineReleases online={seen.online} onChange={onChange} />}
    </>
  );
}

function State({ seen }: Pick<Props, 'seen'>): VNode | null {
  const { installing, trial, last, version, packaged } = seen;
  if (installing !== undefined)
    return (
      <>
        <p>{t(`updates.${installing.phase}`, { version: installing.version })}</p>
        <progress aria-label={t('updates.title')} />
      </>
    );
  return (
    <>
      {trial !== undefined && <Notice>{t('updates.trial', { version, before: trial.before })}</Notice>}
      {trial === undefined && last !== undefined && <Last last={last} />}
      {packaged !== version && <p class="muted small">{t('updates.packaged', { packaged })}</p>}
    </>
  );
}

function Last({ last }: { readonly last: NonNullable<Updates['last']> }): VNode {
  const at = dateAndTime(Date.parse(last.at));
  if (last.result === 'updated')
    return <p class="muted small">{t('updates.updated', { from: last.from, to: last.to, at })}</p>;
  return (
    <Notice tone="warn">
      {t('updates.rolledBack', { from: last.from, to: last.to, at })} {last.reason}
    </Notice>
  );
}

function Release({ one, seen, onChange }: Props & { readonly one: KeptRelease }): VNode {
  const [asking, setAsking] = useState<'install' | 'remove'>();
  const { version, problem } = one;
  const isBusy = seen.installing !== undefined || seen.trial !== undefined;
  const canInstall = one.beside === 'newer' && problem === undefined && seen.unable === undefined && isOwner();
  const close = (): void => setAsking(undefined);
  return (
    <li class="wrap">
      <div class="grow">
        <strong>{version}</strong> <span class="muted">{t(`updates.is.${one.beside}`)}</span>
        <div class="muted small">
          {t('updates.facts', { size: size(one.bytes), at: dateAndTime(Date.parse(one.builtAt)) })}
        </div>
        {problem !== undefined && <div class="small warn">{problem}</div>}
      </div>
      {canInstall && (
        <button type="button" class="button primary" disabled={isBusy} onClick={() => setAsking('install')}>
          {t('updates.install', { version })}
        </button>
      )}
      {isOwner() && (
        <button type="button" class="button" disabled={isBusy} onClick={() => setAsking('remove')}>
          {t('updates.remove', { version })}
        </button>
      )}
      {asking === 'install' && <Install {...{ version, onChange }} onClose={close} />}
      {asking === 'remove' && <Remove {...{ version, onChange }} onClose={close} />}
    </li>
  );
}

type AskProps = { readonly version: string; readonly onChange: () => void; readonly onClose: () => void };
function Install({ version, onChange, onClose }: AskProps): VNode {
  const install = async (): Promise<void> => {
    if (!(await attempt(() => updates.install(version)))) return;
    onClose();
    onChange();
  };
  const title = t('updates.installTitle', { version });
  return (
    <ConfirmDialog title={title} confirm={t('updates.install', { version })} onConfirm={install} onClose={onClose}>
      <p>{t('updates.installText')}</p>
      <p>{t('updates.installBack')}</p>
    </ConfirmDialog>
  );
}

function Remove({ version, onChange, onClose }: AskProps): VNode {
  const drop = async (): Promise<void> => {
    if (!(await attempt(() => updates.remove(version)))) return;
    toast(t('updates.removed', { version }));
    onClose();
    onChange();
  };
  const title = t('updates.removeTitle', { version });
  return (
    <ConfirmDialog title={title} confirm={t('updates.remove', { version })} danger onConfirm={drop} onClose={onClose}>
      <p>{t('updates.removeText')}</p>
    </ConfirmDialog>
  );
}
