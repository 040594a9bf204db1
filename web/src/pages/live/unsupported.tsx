/** Says that this browser cannot decode a stream, that it is recorded all the same, and offers the sub-stream. */
import type { ComponentChildren, VNode } from 'preact';
import { t } from '../../messages/messages.ts';
import { Icon } from '../../ui/icon.tsx';

type Props = {
  readonly codec: string;
  readonly onSub: (() => void) | undefined;
  readonly children?: ComponentChildren;
};

export function Unsupported({ codec, onSub, children }: Props): VNode {
  const text = t(/^h(vc|ev)/.test(codec) ? 'live.hevc' : 'live.unsupported', { codec });
  return (
    <div class="cover">
      <Icon name="eyeOff" />
      <p title={text}>{text}</p>
      {onSub !== undefined && (
        <button type="button" class="button" onClick={onSub}>
          {t('live.useSub')}
        </button>
      )}
      {children}
    </div>
  );
}
