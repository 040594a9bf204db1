/** First run: where footage goes. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type VolumeSuggestion } from '../../api/api.ts';
import { refreshVolumes } from '../../app/stores.ts';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/setup/words.ts';
import { Notice, Waiting } from '../../ui/dialog.tsx';
import { FormError, TextField } from '../../ui/field.tsx';
import { size } from '../../ui/format.ts';
import type { Mode } from './role-step.tsx';

export function VolumeStep({ mode, onDone }: { readonly mode: Mode; readonly onDone: () => void }): VNode {
  const [suggestions, setSuggestions] = useState<readonly VolumeSuggestion[]>();
  const [typed, setPath] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const path = typed ?? suggestions?.[0]?.path ?? '';
  useEffect(() => {
    api.volumeSuggestions().then(({ items }) => setSuggestions(items), setError);
  }, []);
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.createVolume(path);
      await refreshVolumes();
      onDone();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p class="muted">
        {mode === 'failover' && `${word('storage.failover')} `}
        {t('first.volumeText')}
      </p>
      {error !== undefined && <FormError error={error} />}
      {suggestions !== undefined && <Suggestions suggestions={suggestions} path={path} onChoose={setPath} />}
      {/* Not before it is known what it holds: a suggestion that came later would run into what somebody types. */}
      {suggestions === undefined && error === undefined ? (
        <Waiting />
      ) : (
        <TextField label={t('first.volumePath')} value={path} onInput={setPath} hint={t('first.volumePathHint')} />
      )}
      <div class="row end">
        <button type="button" class="button quiet" disabled={busy} onClick={onDone}>
          {t('first.later')}
        </button>
        <button type="submit" class="button primary" disabled={path === '' || busy}>
          {t('first.useVolume')}
        </button>
      </div>
    </form>
  );
}

type SuggestionsProps = {
  readonly suggestions: readonly VolumeSuggestion[];
  readonly path: string;
  readonly onChoose: (path: string) => void;
};
function Suggestions({ suggestions, path, onChoose }: SuggestionsProps): VNode {
  return (
    <fieldset class="stack">
      <legend class="hidden-text">{t('first.volumeLegend')}</legend>
      {suggestions.map((suggestion) => (
        <VolumeChoice
          key={suggestion.path}
          suggestion={suggestion}
          checked={path === suggestion.path}
          onChoose={onChoose}
        />
      ))}
      {suggestions.length === 0 && <Notice tone="warn">{t('first.noVolume')}</Notice>}
    </fieldset>
  );
}

type ChoiceProps = {
  readonly suggestion: VolumeSuggestion;
  readonly checked: boolean;
  readonly onChoose: (path: string) => void;
};
function VolumeChoice({
  suggestion: { path, fileSystem, totalBytes, freeBytes },
  checked,
  onChoose,
}: ChoiceProps): VNode {
  return (
    <label class="choice">
      <input type="radio" name="volume" checked={checked} onChange={() => onChoose(path)} />
      <span class="grow">
        <span class="strong">{path}</span>
        <span class="muted small"> {fileSystem}</span>
      </span>
      <span class="muted small">{t('first.free', { free: size(freeBytes), total: size(totalBytes) })}</span>
    </label>
  );
}
