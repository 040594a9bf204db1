/** Adding one server: by its address, found on the LAN or typed, or by a pairing code in either direction. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { t as shell } from '../../../../messages/messages.ts';
import { t } from '../../../../messages/adding/words.ts';
import { Dialog } from '../../../../ui/dialog.tsx';
import type { DialogPart } from '../dialogs.tsx';
import { canAdd } from '../store.ts';
import { AddressFields } from './address-fields.tsx';
import { Pairing, PairingFoot } from './pairing.tsx';
import { usePairing } from './use-pairing.ts';
import { useAddress, type AddressForm } from './use-address.ts';

type Way = 'address' | 'code';

export function AddDialog({ open, onClose }: DialogPart<'add'>): VNode {
  const [way, setWay] = useState<Way>(canAdd.value ? open.way : 'code');
  const address = useAddress(onClose);
  const pairing = usePairing(onClose);
  const submit = (): void => void (way === 'address' ? address.submit() : pairing.take());
  const foot =
    way === 'address' ? (
      <AddressFoot form={address} onClose={onClose} />
    ) : (
      <PairingFoot pairing={pairing} onClose={onClose} />
    );
  return (
    <Dialog title={t(canAdd.value ? 'add.title' : 'join.title')} onClose={onClose} foot={foot} onSubmit={submit} wide>
      {canAdd.value && (
        <div class="segmented" role="group" aria-label={t('way')}>
          {(['address', 'code'] as const).map((key) => (
            <button key={key} type="button" aria-pressed={way === key} onClick={() => setWay(key)}>
              {t(`way.${key}`)}
            </button>
          ))}
        </div>
      )}
      {way === 'address' ? <AddressFields form={address} /> : <Pairing pairing={pairing} />}
    </Dialog>
  );
}

/** First the connection is tested and the certificate confirmed; nothing secret is sent before. */
function AddressFoot({ form, onClose }: { readonly form: AddressForm; readonly onClose: () => void }): VNode {
  const { busy, confirmed, draft } = form;
  const isBusy = busy !== 'no';
  const isFilled = draft.host.trim() !== '' && draft.httpPort !== '';
  const canAddNow = isFilled && draft.username !== '' && draft.password !== '';
  return (
    <>
      {confirmed !== undefined && (
        <button type="button" class="button start" disabled={isBusy || !isFilled} onClick={() => void form.test()}>
          {t('testAgain')}
        </button>
      )}
      <button type="button" class="button" onClick={onClose}>
        {shell('common.cancel')}
      </button>
      {confirmed === undefined ? (
        <button type="submit" class="button primary" disabled={isBusy || !isFilled}>
          {busy === 'testing' && <span class="spinner" />}
          {t('test')}
        </button>
      ) : (
        <button type="submit" class="button primary" disabled={isBusy || !canAddNow}>
          {isBusy && <span class="spinner" />}
          {t('add.do')}
        </button>
      )}
    </>
  );
}
