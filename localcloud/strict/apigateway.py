"""API Gateway v2: domains need an issued certificate, routes an integration, and nothing in use goes."""

from __future__ import annotations

import re
from typing import Any

from ministack.core.responses import get_region
from ministack.services import acm as certificates
from ministack.services import apigateway as store
from ministack.services import apigateway_v1 as domains

from localcloud.call import Answer, Call
from localcloud.strict import acm
from localcloud.strict.region_table import API_GATEWAY_ZONES
from localcloud.strict.rules import Refusal, amendment, rule, with_json

_API = "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference"
_GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide"
_DOMAIN = f"{_GUIDE}/apigateway-regional-api-custom-domain-create.html"
_ROUTES = f"{_GUIDE}/http-api-develop-routes.html"
_ROUTE_KEY = re.compile(r"\$default|(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) /\S*")
_ADDRESS_TYPES = (None, "ipv4", "dualstack")


def _bad(message: str) -> Refusal:
    return Refusal("BadRequestException", message)


def _conflict(message: str) -> Refusal:
    return Refusal("ConflictException", message, 409)


@rule("apigatewayv2", "CreateDomainName", page=f"{_GUIDE}/how-to-custom-domains.html")
def a_domain_is_unique_in_its_region(call: Call) -> Refusal | None:
    """A custom domain name is unique within a region across all AWS accounts."""
    wanted = call.params.get("DomainName", "").lower()
    for (_, region, name), _held in domains._domain_names.all_items():
        if region == call.region and name.lower() == wanted:
            return _conflict("The domain name you provided already exists.")
    return None


@rule("apigatewayv2", "CreateDomainName", "UpdateDomainName", page=_DOMAIN)
def a_domain_has_one_regional_configuration(call: Call) -> Refusal | None:
    """One configuration, REGIONAL, with TLS 1.2 for HTTP APIs, ipv4 or dualstack."""
    configurations = call.params.get("DomainNameConfigurations")
    if configurations is None and call.action == "UpdateDomainName":
        return None
    if not configurations or len(configurations) != 1:
        return _bad("Exactly one DomainNameConfiguration must be provided.")
    configuration = configurations[0]
    if configuration.get("EndpointType", "REGIONAL") != "REGIONAL":
        return _bad("Invalid endpoint type: only REGIONAL is supported.")
    if configuration.get("SecurityPolicy", "TLS_1_2") != "TLS_1_2":
        return _bad("Invalid security policy: HTTP APIs support only TLS_1_2.")
    if configuration.get("IpAddressType") not in _ADDRESS_TYPES:
        return _bad("Invalid ip address type: it must be ipv4 or dualstack.")
    return None


@rule("apigatewayv2", "CreateDomainName", "UpdateDomainName", page=_DOMAIN)
def a_domains_certificate_is_issued_here_and_covers_it(call: Call) -> Refusal | None:
    """The certificate is in the same region and account, ISSUED, and one of its names fits the domain."""
    for configuration in call.params.get("DomainNameConfigurations") or []:
        arn = configuration.get("CertificateArn")
        if not arn:
            return _bad("A certificate ARN must be provided.")
        if f":acm:{call.region}:" not in arn:
            return _bad(f"Invalid certificate ARN: {arn}. Certificate must be in '{call.region}'.")
        held = certificates._certificates.get(arn)
        if held is None:
            return _bad("The provided certificate does not exist.")
        acm.settle(held)
        if held["Status"] != "ISSUED":
            return _bad(f"Unsupported certificate status: {held['Status']}. The certificate must be ISSUED.")
        if not acm.covers(held, call.params.get("DomainName", "")):
            return _bad(f"The provided certificate does not cover the domain name {call.params.get('DomainName')}.")
    return None


@rule("apigatewayv2", "CreateApi", "UpdateApi", page=f"{_API}/apis.html")
def an_apis_address_type_is_known(call: Call) -> Refusal | None:
    """IpAddressType is ipv4 or dualstack."""
    if call.params.get("IpAddressType") not in _ADDRESS_TYPES:
        return _bad("Invalid ip address type: it must be ipv4 or dualstack.")
    return None


@rule("apigatewayv2", "CreateApi", page=f"{_API}/apis.html")
def an_api_has_a_name_and_a_protocol(call: Call) -> Refusal | None:
    """Name of 1–128 characters; HTTP or WEBSOCKET."""
    if not 1 <= len(call.params.get("Name", "")) <= 128:
        return _bad("API name must have 1 to 128 characters.")
    if call.params.get("ProtocolType") not in ("HTTP", "WEBSOCKET"):
        return _bad("ProtocolType must be HTTP or WEBSOCKET.")
    return None


def _mappings_of(api_id: str, stage: str | None = None) -> list[str]:
    """Domains of this account and region that map to the API (and stage)."""
    return [
        domain
        for domain, held in domains._base_path_mappings.items()
        if any(one["restApiId"] == api_id and stage in (None, one["stage"]) for one in held.values())
    ]


@rule("apigatewayv2", "DeleteApi", page=f"{_GUIDE}/http-api-mappings.html")
def a_mapped_api_is_not_deleted(call: Call) -> Refusal | None:
    """An API that a domain maps to stays."""
    api_id = call.params.get("ApiId", "")
    if _mappings_of(api_id):
        return _bad(
            f"Deleting API {api_id} failed. Please remove all API mappings for the API from your custom domain names."
        )
    return None


@rule("apigatewayv2", "DeleteStage", page=f"{_GUIDE}/http-api-mappings.html")
def a_mapped_stage_is_not_deleted(call: Call) -> Refusal | None:
    """A stage that a domain maps to stays."""
    api_id, stage = call.params.get("ApiId", ""), call.params.get("StageName", "")
    if _mappings_of(api_id, stage):
        return _bad(
            f"Deleting stage {stage} failed. Please remove all mappings related to the stage in your domains: "
            f"{', '.join(_mappings_of(api_id, stage))}"
        )
    return None


@rule("apigatewayv2", "CreateStage", page=f"{_API}/apis-apiid-stages.html")
def a_stage_is_made_once(call: Call) -> Refusal | None:
    """A stage's name is unique in its API (ministack replaces it)."""
    if call.params.get("StageName") in store._stages.get(call.params.get("ApiId", ""), {}):
        return _conflict("Stage already exists")
    return None


@rule("apigatewayv2", "CreateStage", "UpdateStage", page=f"{_GUIDE}/http-api-throttling.html")
def a_throttle_is_a_positive_number(call: Call) -> Refusal | None:
    """Rate and burst of a stage are not negative."""
    settings = [call.params.get("DefaultRouteSettings") or {}, *(call.params.get("RouteSettings") or {}).values()]
    for held in settings:
        if held.get("ThrottlingRateLimit", 0) < 0 or held.get("ThrottlingBurstLimit", 0) < 0:
            return _bad("Throttling limits must not be negative.")
    return None


@rule("apigatewayv2", "CreateRoute", "UpdateRoute", page=_ROUTES)
def a_route_key_is_unique_and_well_formed(call: Call) -> Refusal | None:
    """`METHOD /path` or `$default`, once in an API."""
    api_id, key = call.params.get("ApiId", ""), call.params.get("RouteKey")
    api = store._apis.get(api_id)
    if api is None or key is None or api["protocolType"] != "HTTP":
        return None
    if not _ROUTE_KEY.fullmatch(key):
        return _bad(f"The provided route key is not formatted properly for HTTP protocol: {key}")
    for route_id, held in store._routes.get(api_id, {}).items():
        if held["routeKey"] == key and route_id != call.params.get("RouteId"):
            return _conflict(f"Route with key {key} already exists for this API")
    return None


@rule("apigatewayv2", "CreateRoute", "UpdateRoute", page=_ROUTES)
def a_routes_target_exists(call: Call) -> Refusal | None:
    """Target is `integrations/<id>` of an integration of the API."""
    api_id, target = call.params.get("ApiId", ""), call.params.get("Target")
    if not target or api_id not in store._apis:
        return None
    kind, _, integration = target.partition("/")
    if kind != "integrations" or integration not in store._integrations.get(api_id, {}):
        return _bad(f"Invalid Integration identifier specified: {target}")
    return None


@rule("apigatewayv2", "DeleteIntegration", page=_ROUTES)
def a_routed_integration_is_not_deleted(call: Call) -> Refusal | None:
    """An integration that routes point at stays."""
    api_id, integration = call.params.get("ApiId", ""), call.params.get("IntegrationId", "")
    routes = [
        route_id
        for route_id, held in store._routes.get(api_id, {}).items()
        if held.get("target") == f"integrations/{integration}"
    ]
    if routes:
        return _conflict(
            "Cannot delete Integration because it is referenced by the following Routes with Ids: "
            f"[{', '.join(routes)}]"
        )
    return None


@rule("apigatewayv2", "CreateIntegration", page=f"{_GUIDE}/http-api-develop-integrations.html")
def an_http_api_only_passes_on(call: Call) -> Refusal | None:
    """HTTP APIs have proxy integrations only."""
    api = store._apis.get(call.params.get("ApiId", ""))
    kind = call.params.get("IntegrationType")
    if api is not None and api["protocolType"] == "HTTP" and kind not in ("AWS_PROXY", "HTTP_PROXY"):
        return _bad(
            "Currently, an API with a protocol type of HTTP may only be associated with proxy integrations (AWS_PROXY, "
            "HTTP_PROXY)"
        )
    return None


@rule("apigatewayv2", "CreateIntegration", page=f"{_GUIDE}/http-api-develop-integrations-lambda.html")
def a_lambda_integration_says_where_and_how(call: Call) -> Refusal | None:
    """AWS_PROXY of an HTTP API needs a function's URI and a payload format, 1.0 or 2.0."""
    api = store._apis.get(call.params.get("ApiId", ""))
    if api is None or api["protocolType"] != "HTTP" or call.params.get("IntegrationType") != "AWS_PROXY":
        return None
    if call.params.get("IntegrationSubtype"):
        return None
    if ":lambda:" not in call.params.get("IntegrationUri", ""):
        return _bad("Invalid function ARN or invalid uri")
    if call.params.get("PayloadFormatVersion") not in ("1.0", "2.0"):
        return _bad("PayloadFormatVersion is a required parameter for integration AWS_PROXY: 1.0 or 2.0.")
    return None


@rule("apigatewayv2", "UpdateIntegration", page=f"{_GUIDE}/http-api-develop-integrations-lambda.html")
def a_payload_format_is_known(call: Call) -> Refusal | None:
    """1.0 or 2.0."""
    if call.params.get("PayloadFormatVersion") not in (None, "1.0", "2.0"):
        return _bad("Invalid PayloadFormatVersion: it must be 1.0 or 2.0.")
    return None


@rule("apigatewayv2", "CreateIntegration", "UpdateIntegration", page=f"{_API}/apis-apiid-integrations.html")
def an_integration_times_out_within_30_seconds(call: Call) -> Refusal | None:
    """TimeoutInMillis is 50–30,000 for HTTP APIs."""
    if not 50 <= call.params.get("TimeoutInMillis", 30_000) <= 30_000:
        return _bad("TimeoutInMillis must be between 50 and 30000.")
    return None


@amendment("apigatewayv2", "GetApis", "GetRoutes", "GetIntegrations", "GetStages", "GetDeployments", "GetAuthorizers")
def lists_have_pages(call: Call, answer: Answer) -> Answer:
    """MaxResults and NextToken are honoured (ministack gives everything)."""
    token, most = call.params.get("NextToken"), call.params.get("MaxResults")
    if answer.status != 200 or (token is None and most is None):
        return answer
    items = store.json.loads(answer.body)["items"]
    start = int(token or 0)
    end = start + int(most) if most else len(items)
    page: dict[str, Any] = {"items": items[start:end]}
    if end < len(items):
        page["nextToken"] = str(end)
    return with_json(answer, page)


def patch() -> None:
    """Keep an API's address type and tags; domains point at their own region's zone."""
    view = store._domain_view
    create_api, update_api, get_api = store._create_api, store._update_api, store._get_api

    def domain_view(record: dict[str, Any]) -> Any:
        record["regionalHostedZoneId"] = API_GATEWAY_ZONES.get(get_region(), record["regionalHostedZoneId"])
        return view(record)

    def whole(api: dict[str, Any]) -> dict[str, Any]:
        tags = store._api_tags.get(store._api_arn(api["apiId"]))
        return {"ipAddressType": "ipv4"} | api | {"tags": dict(api.get("tags") or {} if tags is None else tags)}

    def with_address_type(response: Any, data: dict[str, Any]) -> Any:
        status, _, body = response
        if status >= 300:
            return response
        api = store._apis[store.json.loads(body)["apiId"]]
        if data.get("ipAddressType"):
            api["ipAddressType"] = data["ipAddressType"]
        return store._apigw_response(whole(api), status)

    store._domain_view = domain_view
    store._create_api = lambda data: with_address_type(create_api(data), data)
    store._update_api = lambda api_id, data: with_address_type(update_api(api_id, data), data)
    store._get_api = lambda api_id: with_address_type(get_api(api_id), {})
    store._get_apis = lambda: store._apigw_response({"items": [whole(api) for api in store._apis.values()]})
