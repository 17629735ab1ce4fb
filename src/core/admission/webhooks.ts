/** The validating webhooks: MetalLB's paths, kinds and operations (internal/k8s/webhooks). */

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/** Kinds that are validated. */
export type ValidatedKind =
  'IPAddressPool' | 'L2Advertisement' | 'BGPAdvertisement' | 'BGPPeer' | 'BFDProfile' | 'Community'

export const CONVERT_PATH = '/convert'

export const VALIDATING_PATHS: Readonly<Record<string, ValidatedKind>> = {
  '/validate-metallb-io-v1beta1-ipaddresspool': 'IPAddressPool',
  '/validate-metallb-io-v1beta1-l2advertisement': 'L2Advertisement',
  '/validate-metallb-io-v1beta1-bgpadvertisement': 'BGPAdvertisement',
  '/validate-metallb-io-v1beta1-community': 'Community',
  '/validate-metallb-io-v1beta1-bfdprofile': 'BFDProfile',
  '/validate-metallb-io-v1beta2-bgppeer': 'BGPPeer',
}
