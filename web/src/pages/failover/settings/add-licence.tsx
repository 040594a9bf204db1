/** Adding a licence: the file as it was issued, or its text; for the site or for one server. */
import type { VNode } from 'preact';
import { useId, useState } from 'preact/hooks';
import { failoverSettingsApi } from '../../../api/failover-settings.ts';
import type { SiteServerView } from '../../../api/site.ts';
import { toast } from '../../../app/toasts.tsx';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/failover-settings/words.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { FormError, SelectField } from '../../../ui/field.tsx';

/** Characters (src/api/contract/licences.ts). */
const MAX_LICENCE = 16_384;

type Props = {
  readonly servers: readonly SiteServerView[];
  readonly onClose: () => void;
  readonly onAdded: () => void;
};
export function AddLicence({ servers, onClose, onAdded }: Props): VNode {
  const [licence, setLicence] = useState('');
  const [serverId, setServerId] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const add = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { id } = await failoverSettingsApi.addLicence({ licence, ...(serverId === '' ? {} : { serverId }) });
      toast(t('licences.added', { id }));
      onAdded();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const read = async (file: File | undefined): Promise<void> => {
    setError(undefined);
    if (file === undefined) return;
    if (file.size > MAX_LICENCE) setError(new Error(t('add.tooLarge', { name: file.name })));
    else setLicence(await file.text());
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={onClose}>
        {shell('common.cancel')}
      </button>
      <button type="submit" class="button primary" disabled={isBusy || licence.trim() === ''}>
        {t('licences.add')}
      </button>
    </>
  );
  return (
    <Dialog title={t('licences.add')} onClose={onClose} foot={foot} onSubmit={() => void add()}>
      <FormError error={error} />
      <FileField onFile={(file) => void read(file)} />
      <TextArea value={licence} onInput={setLicence} />
      {servers.length > 1 && (
        <SelectField
          label={t('add.for')}
          value={serverId}
          options={[['', t('add.forSite')], ...servers.map(({ id, name }): [string, string] => [id, name])]}
          onChange={setServerId}
          hint={t('add.forHint')}
        />
      )}
    </Dialog>
  );
}

function FileField({ onFile }: { readonly onFile: (file: File | undefined) => void }): VNode {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{t('add.file')}</label>
      <input id={id} type="file" onChange={(event) => onFile(event.currentTarget.files?.[0])} />
    </div>
  );
}

type AreaProps = { readonly value: string; readonly onInput: (text: string) => void };
function TextArea({ value, onInput }: AreaProps): VNode {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{t('add.text')}</label>
      <textarea
        id={id}
        class="mono small"
        rows={5}
        maxLength={MAX_LICENCE}
        spellcheck={false}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <span class="hint">{t('add.textHint')}</span>
    </div>
  );
}
