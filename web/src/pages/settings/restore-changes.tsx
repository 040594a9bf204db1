/** What a backup of settings changes, or changed. */
import type { VNode } from 'preact';
import type { RestoreSettingsResult } from '../../../../src/api/contract/own-backup.ts';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { Notice } from '../../ui/dialog.tsx';
import { dateAndTime } from '../../ui/format.ts';

type Kind = 'added' | 'changed' | 'removed';
const KINDS: readonly Kind[] = ['added', 'changed', 'removed'];
type Changes = Readonly<Record<Kind, readonly string[]>>;

/** What is there now and would not be any more. */
export const losses = ({ cameras, users, tokens }: RestoreSettingsResult): number =>
  cameras.removed.length + users.removed.length + tokens.removed.length;

const isNothing = ({ name, mode, cameras, users, tokens, settings }: RestoreSettingsResult): boolean =>
  name.before === name.after &&
  mode.before === mode.after &&
  settings.length === 0 &&
  [cameras, users, tokens].every((one) => KINDS.every((kind) => one[kind].length === 0));

export function RestoreChanges({ result }: { readonly result: RestoreSettingsResult }): VNode {
  const { restored, backup, name, mode, cameras, users, tokens, settings, volumesMissing } = result;
  const at = dateAndTime(Date.parse(backup.takenAt));
  const names: Changes = {
    added: cameras.added.map((one) => one.name),
    changed: cameras.changed.map((one) => one.name),
    removed: cameras.removed.map((one) => one.name),
  };
  return (
    <div class="stack restore-changes">
      {restored && <Notice>{word('restore.done')}</Notice>}
      <p>{word('restore.of', { name: backup.name, at, version: backup.version })}</p>
      {!backup.ofThisServer && <Notice tone="warn">{word('restore.otherBox')}</Notice>}
      <dl class="facts">
        {name.before !== name.after && <Change what={t('first.serverName')} before={name.before} after={name.after} />}
        {mode.before !== mode.after && (
          <Change what={t('settings.mode')} before={t(`mode.${mode.before}`)} after={t(`mode.${mode.after}`)} />
        )}
        <Rows what={t('nav.cameras')} changes={names} />
        <Rows what={word('restore.users')} changes={users} />
        <Rows what={word('restore.tokens')} changes={tokens} />
        {settings.length > 0 && (
          <>
            <dt>{word('restore.settings')}</dt>
            <dd class="mono small">{settings.join(', ')}</dd>
          </>
        )}
        {volumesMissing.length > 0 && (
          <>
            <dt>{word('restore.volumes')}</dt>
            <dd class="mono small">{volumesMissing.join(', ')}</dd>
          </>
        )}
      </dl>
      {isNothing(result) && <p>{word('restore.nothing')}</p>}
      {cameras.unchanged > 0 && <p class="muted small">{word('restore.unchanged', { n: cameras.unchanged })}</p>}
    </div>
  );
}

type ChangeProps = { readonly what: string; readonly before: string; readonly after: string };
const Change = ({ what, before, after }: ChangeProps): VNode => (
  <>
    <dt>{what}</dt>
    <dd>{word('restore.becomes', { before, after })}</dd>
  </>
);

const Rows = ({ what, changes }: { readonly what: string; readonly changes: Changes }): VNode => (
  <>
    {KINDS.filter((kind) => changes[kind].length > 0).map((kind) => (
      <>
        <dt>{word(`restore.${kind}`, { what })}</dt>
        <dd>{changes[kind].join(', ')}</dd>
      </>
    ))}
  </>
);
