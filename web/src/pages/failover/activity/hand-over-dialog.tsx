/** A planned hand-over: others record the cameras first, and then it is said that the server may be stopped. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { activityApi, type HandOverResult, type KnownServer } from '../../../api/activity.ts';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/ordering/words.ts';
import { Dialog, Notice } from '../../../ui/dialog.tsx';
import { FormError } from '../../../ui/field.tsx';
import { cameraName, type Spare } from './activity-data.ts';
import { timeOf } from './parts.tsx';

type Props = {
  readonly server: KnownServer;
  readonly spare: Spare;
  readonly onClose: () => void;
  readonly refresh: () => void;
};
export function HandOverDialog({ server: { id, name }, spare, onClose, refresh }: Props): VNode {
  const [result, setResult] = useState<HandOverResult>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const handOver = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      setResult(await activityApi.handOver(spare.id, id));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
      refresh();
    }
  };
  const isDone = result?.safe === true;
  const foot = (
    <>
      {busy && <span class="spinner start" />}
      <button type="button" class="button" onClick={onClose}>
        {shell(isDone ? 'common.close' : 'common.cancel')}
      </button>
      {!isDone && (
        <button type="submit" class="button primary" disabled={busy}>
          {t(result === undefined ? 'handOver.confirm' : 'handOver.again')}
        </button>
      )}
    </>
  );
  return (
    <Dialog
      title={t('handOver.title', { server: name })}
      onClose={onClose}
      foot={foot}
      onSubmit={() => (isDone ? onClose() : void handOver())}
    >
      <FormError error={error} />
      {result === undefined ? (
        <>
          <p>{t('handOver.text', { server: name })}</p>
          <p class="muted">{t('handOver.end', { server: name })}</p>
        </>
      ) : (
        <Outcome result={result} spare={spare} />
      )}
      <p role="status">{busy && t('handOver.busy')}</p>
    </Dialog>
  );
}

function Outcome({ result, spare }: { readonly result: HandOverResult; readonly spare: Spare }): VNode {
  const { serverId, serverName: server, safe, until, by, missing, streams } = result;
  const names = by.flatMap((one) => (one.missing < streams ? [one.name] : [])).join(', ');
  if (safe)
    return (
      <>
        <Notice>{t('handOver.safe', { server, by: names, time: timeOf(until) })}</Notice>
        <p class="muted">{t('handOver.back', { server, time: timeOf(until) })}</p>
      </>
    );
  const cameras = [...new Set(missing.map(({ cameraId }) => cameraName(spare, serverId, cameraId)))];
  return (
    <Notice tone="bad">
      {t('handOver.unsafe', { server, n: missing.length, all: streams })}
      <ul>
        {cameras.map((camera) => (
          <li key={camera}>{camera}</li>
        ))}
        {by.map(
          ({ serverId: id, name, problem }) => problem !== undefined && <li key={id}>{`${name}: ${problem}`}</li>,
        )}
      </ul>
    </Notice>
  );
}
