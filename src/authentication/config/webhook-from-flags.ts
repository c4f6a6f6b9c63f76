import type { Clock } from '../../meta/clock.ts';
import { quote } from '../../meta/go-quote.ts';
import { WebhookClient } from '../../webhook/client.ts';
import { diskFiles, type Files } from '../../webhook/files.ts';
import { readKubeconfig, targetOf } from '../../webhook/kubeconfig.ts';
import type { TokenWebhookOptions } from '../flags.ts';
import { TokenWebhook } from '../webhook/authenticator.ts';

/** The token webhook that the flags ask for. Throws an Error in kube-apiserver's words. */
export function tokenWebhookOfFlags(
  options: TokenWebhookOptions,
  apiAudiences: readonly string[],
  clock: Clock,
  files: Files = diskFiles,
): TokenWebhook {
  const target = targetOf(readKubeconfig(options.configFile, files), files, clock);
  const { version, cacheTtlMs } = options;
  if (version !== 'v1' && version !== 'v1beta1') {
    throw new Error(
      `unsupported authentication webhook version ${quote(version)}, supported versions are "v1", "v1beta1"`,
    );
  }
  return new TokenWebhook({ client: new WebhookClient(target), version, apiAudiences, cacheTtlMs });
}
