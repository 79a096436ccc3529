"""POST to /torrents: store one torrent as the body itself, or many in a form."""

from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from api.http.problem_details import ProblemSerializer, describe_exception
from api.http.torrent_response import CONTENT_TYPE
from api.rest.parsers import TorrentParser, UploadFormParser
from api.rest.routes.torrents import TorrentListView
from api.rest.torrent_serializers import InfohashField, LinksSerializer, link_fields
from archive.access.api_keys import require_upload_key
from archive.torrents.deposit import Receipt, deposit, deposit_many
from metainfo.errors import Refusal
from server.body.form import FormFile, read_files


class ReceiptSerializer(LinksSerializer):
    infohash = InfohashField()
    new = serializers.BooleanField(help_text="False where it was held already, which is no error.")


class OutcomeSerializer(serializers.Serializer[Any]):
    filename = serializers.CharField()
    receipt = ReceiptSerializer(required=False)
    problem = ProblemSerializer(required=False)


_OUTCOMES_SERIALIZER = inline_serializer("Outcomes", {"results": OutcomeSerializer(many=True)})
_FORM_SERIALIZER = inline_serializer(
    "Form", {"torrent": serializers.ListField(child=serializers.FileField(), min_length=1, max_length=100)}
)


class DepositView(TorrentListView):
    """GET of the same address is the list of the newest torrents."""

    parser_classes = (TorrentParser, UploadFormParser)

    @extend_schema(
        operation_id="deposit",
        request={CONTENT_TYPE: OpenApiTypes.BINARY, "multipart/form-data": _FORM_SERIALIZER},
        responses={
            200: OpenApiResponse(ReceiptSerializer, "The torrent was held already."),
            201: OpenApiResponse(ReceiptSerializer, "The torrent is stored."),
            207: OpenApiResponse(
                _OUTCOMES_SERIALIZER, "Of a form: what became of each file, in their order."
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Store a torrent for good: as the body itself, or up to 100 in the form's field `torrent`.

        May be packed with gzip or bzip2. With UPLOADS=keys, a key is needed.
        """
        require_upload_key(self.key_text)
        if request.content_type.partition(";")[0].strip().lower() == CONTENT_TYPE:
            receipt = deposit(cast(dict[str, bytes], request.data).get("torrent", b""), entry_point="rest")
            fields = _receipt_fields(request, receipt)
            return Response(fields, 201 if receipt.new else 200, headers={"Location": fields["url"]})
        files = cast(list[FormFile], request.FILES.getlist("torrent"))
        if not files:
            raise ParseError("No file arrived in the field `torrent`.")
        outcomes = deposit_many(read_files(files), entry_point="rest")
        return Response(
            {"results": [_outcome_fields(request, *pair) for pair in zip(files, outcomes, strict=True)]}, 207
        )


def _outcome_fields(request: Request, file: FormFile, outcome: Receipt | Refusal) -> dict[str, Any]:
    fields: dict[str, Any] = {"filename": file.name}
    if isinstance(outcome, Receipt):
        return fields | {"receipt": _receipt_fields(request, outcome)}
    problem = describe_exception(outcome, request)
    return fields | ({"problem": problem.details} if problem else {})


def _receipt_fields(request: Request, receipt: Receipt) -> dict[str, Any]:
    return {**link_fields(request, receipt.infohash), "infohash": receipt.infohash, "new": receipt.new}
