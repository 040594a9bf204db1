/** User name and password of somebody at another box. */
import type { VNode } from 'preact';
import { t } from '../../../messages/adding/words.ts';
import { TextField } from '../../../ui/field.tsx';

export type Account = { readonly username: string; readonly password: string };
export const NOBODY: Account = { username: '', password: '' };

type Props = {
  readonly account: Account;
  readonly onChange: (account: Account) => void;
  /** The name of the server, where several stand below each other. */
  readonly of?: string;
};
export function AccountFields({ account, onChange, of }: Props): VNode {
  const label = (text: string): string => (of === undefined ? text : t('accounts.of', { field: text, name: of }));
  return (
    <div class="columns">
      <TextField
        label={label(t('username'))}
        value={account.username}
        onInput={(username) => onChange({ ...account, username })}
      />
      <TextField
        label={label(t('password'))}
        value={account.password}
        onInput={(password) => onChange({ ...account, password })}
        type="password"
        autoComplete="new-password"
      />
    </div>
  );
}
