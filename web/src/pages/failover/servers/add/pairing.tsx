/** The two ways of a pairing code: showing one, with where to type it; typing the one that the other box shows. */
import type { VNode } from 'preact';
import { now, server } from '../../../../app/stores.ts';
import { t as shell } from '../../../../messages/messages.ts';
import { t } from '../../../../messages/adding/words.ts';
import { Notice } from '../../../../ui/dialog.tsx';
import { FormError, TextField } from '../../../../ui/field.tsx';
import { duration } from '../../../../ui/format.ts';
import { Fingerprint } from '../fingerprint.tsx';
import { canAdd } from '../store.ts';
import { Working } from './address-fields.tsx';
import type { PairingForm } from './use-pairing.ts';

export function Pairing({ pairing }: { readonly pairing: PairingForm }): VNode {
  const { direction, setDirection, error, busy } = pairing;
  return (
    <>
      <FormError error={error} />
      {canAdd.value ? (
        <fieldset class="stack">
          <legend class="hidden-text">{t('pair.direction')}</legend>
          {(['show', 'take'] as const).map((key) => (
            <label key={key} class="check option">
              <input type="radio" name="direction" checked={direction === key} onChange={() => setDirection(key)} />
              <span>
                <span class="strong">{t(`pair.${key}`)}</span>
                <small>{t(`pair.${key}Text`)}</small>
              </span>
            </label>
          ))}
        </fieldset>
      ) : (
        <p class="muted">{t('join.text')}</p>
      )}
      {direction === 'show' ? <Shown pairing={pairing} /> : <Take pairing={pairing} />}
      {busy && <Working text={t(direction === 'show' ? 'pair.making' : 'pair.joining')} />}
    </>
  );
}

function Shown({ pairing: { shown, joined } }: { readonly pairing: PairingForm }): VNode | null {
  const box = server.value;
  if (joined !== undefined) return <Notice>{t('pair.joined', { name: joined })}</Notice>;
  if (shown === undefined || box === undefined) return null;
  const left = Math.max(0, (Date.parse(shown.expiresAt) - now.value) / 1000);
  if (left === 0) return <Notice tone="warn">{t('pair.expired')}</Notice>;
  return (
    <section class="stack" aria-label={t('pair.code')}>
      <p class="pairing-code">{shown.code}</p>
      <p class="muted">{t('pair.left', { time: duration(left) })}</p>
      <dl class="facts">
        <dt>{t('address')}</dt>
        <dd>{box.addresses.length === 0 ? location.hostname : box.addresses.join(', ')}</dd>
        <dt>{t('peerPort')}</dt>
        <dd>{box.peerPort}</dd>
        <dt>{t('pair.key')}</dt>
        <dd>
          <Fingerprint hex={shown.fingerprint} />
        </dd>
      </dl>
      <p class="row muted">
        <span class="spinner" />
        {t('pair.waiting')}
      </p>
    </section>
  );
}

function Take({ pairing: { draft, set } }: { readonly pairing: PairingForm }): VNode {
  return (
    <>
      <div class="columns">
        <TextField
          label={t('pair.address')}
          value={draft.host}
          onInput={(host) => set({ host })}
          placeholder="192.168.1.20"
          required
        />
        <TextField
          label={t('peerPort')}
          value={draft.peerPort}
          onInput={(peerPort) => set({ peerPort })}
          type="number"
          required
        />
      </div>
      <TextField
        label={t('pair.code')}
        value={draft.code}
        onInput={(code) => set({ code })}
        placeholder="7KQ4M-2ZT9C"
        required
      />
    </>
  );
}

type FootProps = { readonly pairing: PairingForm; readonly onClose: () => void };
export function PairingFoot({ pairing, onClose }: FootProps): VNode {
  const { direction, busy, draft, joined, shown } = pairing;
  const isFilled = draft.host.trim() !== '' && draft.peerPort !== '' && draft.code.trim() !== '';
  return (
    <>
      <button type="button" class="button" onClick={onClose}>
        {shell(joined === undefined ? 'common.cancel' : 'common.close')}
      </button>
      <button type="submit" class="button primary" disabled={busy || (direction === 'take' && !isFilled)}>
        {t(direction === 'take' ? 'pair.do' : shown === undefined ? 'pair.showCode' : 'pair.another')}
      </button>
    </>
  );
}
