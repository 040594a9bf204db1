/** One camera: its server, addresses, credentials, what is recorded and kept; tested before it is saved. */
import type { VNode } from 'preact';
import type { SiteCamera } from '../../api/site.ts';
import { t as word } from '../../messages/cameras/words.ts';
import { t } from '../../messages/messages.ts';
import { Dialog, Notice } from '../../ui/dialog.tsx';
import { FormError, SelectField } from '../../ui/field.tsx';
import { PolicyFields, SourceFields } from './camera-fields.tsx';
import { useCameraForm, type CameraForm } from './camera-form.ts';
import { Clash } from './clash.tsx';
import { places } from './places.ts';
import { useShortening } from './shorten-dialog.tsx';
import { TestResult } from './test-result.tsx';

type Props = { readonly camera?: SiteCamera; readonly onClose: () => void };

export function CameraDialog({ camera, onClose }: Props): VNode {
  const form = useCameraForm(camera, onClose);
  const { draft, set, serverId, setServerId, error, result, theirs } = form;
  const isAway = camera?.serverConnected === false;
  const { asked, question } = useShortening(camera === undefined ? [] : [camera], Number(draft.days));
  return (
    <>
      <Dialog
        title={camera?.name ?? t('camera.addTitle')}
        onClose={onClose}
        foot={
          <Foot form={form} isNew={camera === undefined} locked={isAway || theirs !== undefined} onClose={onClose} />
        }
        onSubmit={() => void asked(async () => Promise.resolve(form.save()))}
        wide
      >
        {isAway && <Notice tone="warn">{word('covered.readOnly', { name: camera.server.name })}</Notice>}
        <FormError error={error} />
        {theirs !== undefined && (
          <Clash
            mine={draft}
            theirs={theirs.draft}
            onKeepMine={() => void asked(async () => Promise.resolve(form.keepMine()))}
            onTakeTheirs={form.takeTheirs}
          />
        )}
        {camera === undefined && <PlaceField serverId={serverId} onChange={setServerId} />}
        <SourceFields draft={draft} set={set} hasPassword={camera?.hasPassword ?? false} />
        {result !== undefined && (
          <TestResult result={result} trusted={draft.fingerprint} onTrust={(fingerprint) => set({ fingerprint })} />
        )}
        <PolicyFields draft={draft} set={set} />
      </Dialog>
      {question}
    </>
  );
}

type PlaceProps = { readonly serverId: string; readonly onChange: (id: string) => void };
/** Which server shall record it; nothing to ask where there is one. */
export function PlaceField({ serverId, onChange }: PlaceProps): VNode | null {
  if (places.value.length < 2) return null;
  return (
    <SelectField
      label={word('server.choose')}
      value={serverId}
      onChange={onChange}
      options={places.value.map(({ id, name }) => [id, name] as const)}
    />
  );
}

type FootProps = {
  readonly form: CameraForm;
  readonly isNew: boolean;
  /** Not to be saved by this button now. */
  readonly locked: boolean;
  readonly onClose: () => void;
};
function Foot({ form: { draft, busy, test }, isNew, locked, onClose }: FootProps): VNode {
  const ready = busy === 'no' && !locked && draft.name !== '' && draft.url !== '';
  return (
    <>
      <button type="button" class="button start" disabled={busy !== 'no' || draft.url === ''} onClick={test}>
        {busy === 'testing' && <span class="spinner" />}
        {t('camera.test')}
      </button>
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class="button primary" disabled={!ready}>
        {t(isNew ? 'cameras.add' : 'common.save')}
      </button>
    </>
  );
}
