/** The SMB share of a protected server to which its footage is returned, if it shall not come directly. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { failoverSettingsApi, type ReturnShare } from '../../../api/failover-settings.ts';
import { messageOf, toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/failover-settings/words.ts';
import { ConfirmDialog } from '../../../ui/dialog.tsx';
import { FormError } from '../../../ui/field.tsx';
import { useFresh } from '../fresh.ts';
import { Card } from './draft-form.tsx';
import { ShareForm } from './share-form.tsx';

const EVERY_MS = 15_000;

export function ShareCard({ serverId }: { readonly serverId: string }): VNode {
  const loaded = useFresh(async () => ({ share: await failoverSettingsApi.share(serverId) }), {
    key: serverId,
    everyMs: EVERY_MS,
  });
  const [isOpen, setOpen] = useState(false);
  const [isEnding, setEnding] = useState(false);
  const share = loaded.value?.share;
  return (
    <Card title={t('card.share')} hint={t('share.hint')}>
      {loaded.error !== undefined && <p class="bad small">{messageOf(loaded.error)}</p>}
      {loaded.value !== undefined && share === undefined && !isOpen && <p>{t('share.direct')}</p>}
      {share !== undefined && !isOpen && <ShareFacts share={share} />}
      {isOpen ? (
        <ShareForm
          serverId={serverId}
          share={share}
          onClose={() => setOpen(false)}
          onSaved={() => {
            setOpen(false);
            loaded.refresh();
          }}
        />
      ) : (
        <div class="row wrap">
          <button type="button" class="button" disabled={loaded.value === undefined} onClick={() => setOpen(true)}>
            {t(share === undefined ? 'share.name' : 'share.change')}
          </button>
          {share !== undefined && (
            <button type="button" class="button quiet" onClick={() => setEnding(true)}>
              {t('share.end')}
            </button>
          )}
        </div>
      )}
      {isEnding && <EndShare serverId={serverId} onClose={() => setEnding(false)} onDone={loaded.refresh} />}
    </Card>
  );
}

const placeOf = ({ host, share, folder }: ReturnShare): string =>
  [`\\\\${host}`, share, ...folder.split('/').filter((part) => part !== '')].join('\\');

function ShareFacts({ share }: { readonly share: ReturnShare }): VNode {
  return (
    <dl class="facts">
      <dt>{t('share.share')}</dt>
      <dd class="mono">{placeOf(share)}</dd>
      <dt>{t('share.username')}</dt>
      <dd>
        {share.domain === '' ? share.username : `${share.domain}\\${share.username}`}
        {!share.hasPassword && <span class="warn small"> {t('share.noPassword')}</span>}
      </dd>
      <dt>{t('share.encryption')}</dt>
      <dd>{t(`share.${share.encryption}`)}</dd>
    </dl>
  );
}

type EndProps = { readonly serverId: string; readonly onClose: () => void; readonly onDone: () => void };
function EndShare({ serverId, onClose, onDone }: EndProps): VNode {
  const [error, setError] = useState<unknown>();
  const end = async (): Promise<void> => {
    try {
      await failoverSettingsApi.setShare(serverId, undefined);
      toast(t('share.saved'));
      onDone();
      onClose();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <ConfirmDialog title={t('share.endTitle')} confirm={t('share.end')} onConfirm={end} onClose={onClose}>
      <FormError error={error} />
      <p>{t('share.endText')}</p>
    </ConfirmDialog>
  );
}
