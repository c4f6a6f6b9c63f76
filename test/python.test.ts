import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

const PYTHON = '/usr/bin/python3';

function clientIsHere(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import kubernetes'], { stdio: 'ignore' });
    return true;
  } catch {
    console.info('skipped: Debian package python3-kubernetes is not installed');
    return false;
  }
}

const PROGRAM = `
import json, threading
from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

config.load_kube_config()
core, apps, rbac = client.CoreV1Api(), client.AppsV1Api(), client.RbacAuthorizationV1Api()
out = {}

core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="snakes")))
made = core.create_namespaced_config_map("snakes", client.V1ConfigMap(
    metadata=client.V1ObjectMeta(name="python", labels={"kind": "snake"}), data={"length": "5"}))
out["created"] = made.metadata.creation_timestamp.tzinfo is not None and dict(made.data)

seen = []
def follow():
    for event in watch.Watch().stream(core.list_namespaced_config_map, "snakes",
                                      resource_version=made.metadata.resource_version, timeout_seconds=20):
        if event["object"].metadata.name != "python":
            continue
        seen.append([event["type"], event["object"].data["length"]])
        if event["type"] == "DELETED":
            return
follower = threading.Thread(target=follow)
follower.start()

out["patched"] = core.patch_namespaced_config_map("python", "snakes", {"data": {"length": "6"}}).data
made.data["length"] = "7"
try:
    core.replace_namespaced_config_map("python", "snakes", made)
except ApiException as error:
    out["conflict"] = [error.status, json.loads(error.body)["reason"]]
current = core.read_namespaced_config_map("python", "snakes")
current.data["length"] = "8"
out["replaced"] = core.replace_namespaced_config_map("python", "snakes", current).data
out["selected"] = [m.metadata.name for m in core.list_namespaced_config_map(
    "snakes", label_selector="kind=snake").items]
core.delete_namespaced_config_map("python", "snakes")
follower.join()
out["seen"] = seen

deployment = client.V1Deployment(metadata=client.V1ObjectMeta(name="nest"), spec=client.V1DeploymentSpec(
    replicas=2, selector=client.V1LabelSelector(match_labels={"app": "nest"}),
    template=client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels={"app": "nest"}),
        spec=client.V1PodSpec(containers=[client.V1Container(name="c", image="nest:1")]))))
apps.create_namespaced_deployment("snakes", deployment)
apps.patch_namespaced_deployment_scale("nest", "snakes", {"spec": {"replicas": 4}})
out["scaled"] = apps.read_namespaced_deployment("nest", "snakes").spec.replicas
out["strategy"] = apps.read_namespaced_deployment("nest", "snakes").spec.strategy.type

for i in range(7):
    core.create_namespaced_secret("snakes", client.V1Secret(
        metadata=client.V1ObjectMeta(name="s%d" % i), string_data={"a": "b"}))
pages, token = [], None
while True:
    page = core.list_namespaced_secret("snakes", limit=3, _continue=token)
    pages.append(len(page.items))
    token = page.metadata._continue
    if not token:
        break
out["pages"] = pages
try:
    core.read_namespaced_secret("none", "snakes")
except ApiException as error:
    out["missing"] = error.status
review = client.AuthorizationV1Api().create_self_subject_access_review(client.V1SelfSubjectAccessReview(
    spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=client.V1ResourceAttributes(
        verb="delete", resource="nodes"))))
out["allowed"] = review.status.allowed
out["version"] = client.VersionApi().get_code().major
print(json.dumps(out))
`;

describe.skipIf(!clientIsHere())("Python's client", () => {
  let up: Up;
  beforeAll(async () => {
    up = await Up.start();
  });
  afterAll(() => up?.remove());

  it('creates, changes, watches, pages and asks what it may', async () => {
    const { exit, stdout, stderr } = await run(PYTHON, up.kubeconfig, ['-'], PROGRAM);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      created: { length: '5' },
      patched: { length: '6' },
      conflict: [409, 'Conflict'],
      replaced: { length: '8' },
      selected: ['python'],
      seen: [
        ['MODIFIED', '6'],
        ['MODIFIED', '8'],
        ['DELETED', '8'],
      ],
      scaled: 4,
      strategy: 'RollingUpdate',
      pages: [3, 3, 1],
      missing: 404,
      allowed: true,
      version: '1',
    });
  });
});
