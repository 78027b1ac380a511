"""The load balancer's TLS certificate: from a private authority that the stack makes, or the owner's own."""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.acm_certificate import AcmCertificate
from cdktf_cdktf_provider_tls.cert_request import CertRequest, CertRequestSubject
from cdktf_cdktf_provider_tls.locally_signed_cert import LocallySignedCert
from cdktf_cdktf_provider_tls.private_key import PrivateKey
from cdktf_cdktf_provider_tls.provider import TlsProvider
from cdktf_cdktf_provider_tls.self_signed_cert import SelfSignedCert, SelfSignedCertSubject
from constructs import Construct

from inference_constructs.foundation import Home

AUTHORITY_YEARS = 10
LEAF_DAYS = 730
RENEWAL_DAYS = 180
"""A leaf is replaced by any apply in its last 180 days."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate in ACM, and the name that it is valid for.

    Attributes:
        arn: ARN in ACM, in the load balancer's region.
        host_name: DNS name on the certificate: the host of the API's integration `uri`.
        public: Whether a public authority signed it. API Gateway verifies the whole chain only then.
    """

    arn: str
    host_name: str
    public: bool


class PrivateCertificate(Construct):
    """A certificate for a name that exists inside the VPC only, signed by a private authority of its own.

    API Gateway accepts a private authority's certificate where the chain ends in a root with `CA:TRUE`, the name
    matches and the certificate has not expired.
    https://docs.aws.amazon.com/apigateway/latest/api/API_TlsConfig.html

    The keys are in the state, which is encrypted and private. They protect traffic between API Gateway and the load
    balancer only, so a client never trusts them.

    Attributes:
        certificate: The certificate.
    """

    def __init__(self, scope: Construct, id: str, *, home: Home, host_name: str) -> None:
        super().__init__(scope, id)
        TlsProvider(self, "Provider")
        root_key = self._key("AuthorityKey")
        root = SelfSignedCert(
            self,
            "Authority",
            private_key_pem=root_key.private_key_pem,
            is_ca_certificate=True,
            set_subject_key_id=True,
            allowed_uses=["cert_signing", "crl_signing", "digital_signature"],
            validity_period_hours=AUTHORITY_YEARS * 365 * 24,
            early_renewal_hours=2 * LEAF_DAYS * 24,
            subject=[SelfSignedCertSubject(common_name=f"{home.prefix} private authority", organization=home.prefix)],
        )
        leaf_key = self._key("LeafKey")
        request = CertRequest(
            self,
            "Request",
            private_key_pem=leaf_key.private_key_pem,
            dns_names=[host_name],
            subject=[CertRequestSubject(common_name=host_name, organization=home.prefix)],
        )
        leaf = LocallySignedCert(
            self,
            "Leaf",
            ca_cert_pem=root.cert_pem,
            ca_private_key_pem=root_key.private_key_pem,
            cert_request_pem=request.cert_request_pem,
            allowed_uses=["digital_signature", "key_encipherment", "server_auth"],
            validity_period_hours=LEAF_DAYS * 24,
            early_renewal_hours=RENEWAL_DAYS * 24,
        )
        imported = AcmCertificate(
            self,
            "Certificate",
            private_key=leaf_key.private_key_pem,
            certificate_body=leaf.cert_pem,
            certificate_chain=root.cert_pem,
            tags={"Name": host_name},
            # the listener takes the new certificate before the old one goes
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.certificate = Certificate(arn=imported.arn, host_name=host_name, public=False)

    def _key(self, id: str) -> PrivateKey:
        return PrivateKey(self, id, algorithm="RSA", rsa_bits=2048)
