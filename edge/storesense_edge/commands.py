"""The subcommands of storesense_edge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from storesense_contracts.errors import UsageError
from storesense_contracts.number_arguments import duration, number, port
from storesense_edge.point_arguments import frame_size, pair

if TYPE_CHECKING:
    import argparse


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands of this package to the ``storesense`` command."""
    edge = subparsers.add_parser("edge", help="measure with cameras and shelves, and keep readings until stored")
    verbs = edge.add_subparsers(dest="verb", metavar="VERB", required=True)
    run = verbs.add_parser(
        "run",
        help="run the devices of a site that are not simulated",
        epilog="Example:\n"
        "  STORESENSE_BROKER_HOST=broker.example.org STORESENSE_EDGE_CREDENTIALS_FILE=credentials.json \\\n"
        "    storesense edge run --site site.yaml --state-dir state",
    )
    run.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site file")
    run.add_argument(
        "--state-dir", type=Path, required=True, metavar="DIR", help="folder of the outboxes; made if needed"
    )
    run.add_argument(
        "--for", dest="for_s", type=duration, metavar="S", help="stop after so many seconds; otherwise run on"
    )
    run.add_argument("--json", action="store_true", help="print what was sent as JSON on the last line")
    run.set_defaults(handler=_run)
    check = verbs.add_parser(
        "check",
        help="say what a site file describes, or each mistake with its line",
        epilog="Example:\n  storesense edge check --site site.yaml",
    )
    check.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site file")
    check.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    check.set_defaults(handler=_check)
    _add_cameras(verbs)
    _add_calibrate(verbs)
    _add_audit(verbs)
    _add_shelf(verbs)


def _add_shelf(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shelf = verbs.add_parser("shelf", help="set shelves up").add_subparsers(dest="task", metavar="TASK", required=True)
    setup = shelf.add_parser(
        "setup",
        help="calibrate a slot: empty, known masses, its product, a test pick",
        description="Asks for what to put on the slot, step by step, says whether it is good enough to count by, and "
        "prints the calibration for the site file. Progress is kept, so an interrupted setup goes on where it stopped. "
        "A slot without a live cell is rehearsed with one that pretends.",
        epilog="Example:\n  storesense edge shelf setup --site site.yaml --slot crisps-1",
    )
    setup.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site file")
    setup.add_argument("--slot", required=True, metavar="ID", help="the slot")
    setup.add_argument("--state-file", type=Path, metavar="FILE", help="where progress is kept; beside the site file")
    setup.add_argument("--json", action="store_true", help="print one JSON object instead of YAML")
    setup.set_defaults(handler=_set_up_slot)


def _set_up_slot(args: argparse.Namespace) -> int:
    from storesense_edge.shelf_setup_command import set_up_slot  # noqa: PLC0415 -- loaded by who needs it

    return set_up_slot(args.site, args.slot, state_path=args.state_file, prints_json=args.json)


def _add_cameras(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    cameras = verbs.add_parser("cameras", help="find network and USB cameras").add_subparsers(
        dest="task", metavar="TASK", required=True
    )
    find = cameras.add_parser(
        "find",
        help="list the cameras that answer an ONVIF probe, and USB cameras",
        description="Asks the network for ONVIF cameras and lists USB cameras, each as a source for the site file. "
        "User names and passwords go into the camera credentials file, never into the site file.",
        epilog="Example:\n  storesense edge cameras find --for 5",
    )
    find.add_argument(
        "--for", dest="for_s", type=duration, default=3.0, metavar="S", help="seconds to wait for answers (default 3)"
    )
    find.add_argument("--interface", metavar="ADDRESS", help="this machine's address in the cameras' network")
    find.add_argument("--json", action="store_true", help="print one JSON object instead of YAML")
    find.set_defaults(handler=_find_cameras)


def _add_calibrate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    calibrate = verbs.add_parser(
        "calibrate",
        help="find where a camera's picture lies on the floor, and the error in centimetres",
        description="Prints the homography for the site file and says how far off it is, in centimetres.",
    ).add_subparsers(dest="method", metavar="METHOD", required=True)
    points = calibrate.add_parser(
        "points",
        help="from four or more points that were measured",
        description="Measure points on the floor that the camera sees, near, far and at both sides, such as corners of "
        "tiles. Four are enough for a fit; only a fifth tells the error.",
        epilog="Example:\n"
        "  storesense edge calibrate points --pair .1,.9=0,4 --pair .9,.9=5,4 --pair .7,.4=5,0 --pair .3,.4=0,0 \\\n"
        "    --pair .5,.6=2.5,2.1 --plot floor.png",
    )
    given = points.add_mutually_exclusive_group(required=True)
    given.add_argument("--pairs", type=Path, metavar="FILE", help="CSV file with the columns u,v,x_m,y_m")
    given.add_argument(
        "--pair",
        action="append",
        type=pair,
        metavar="U,V=X,Y",
        help="a point of the picture (fractions from its upper left corner) and where it is (metres); give it again "
        "and again",
    )
    points.set_defaults(handler=_calibrate_points)
    heights = calibrate.add_parser(
        "heights",
        help="from how tall people look as they walk",
        description="Nobody measures anything: people are about equally tall, so how tall they look near and far tells "
        "the camera's height, tilt and lens. Record some hundred people all over the picture. The lens's angle from "
        "its data sheet and two points of the plan make it good.",
        epilog="Examples:\n"
        "  storesense edge calibrate heights --video door.mp4 --model person.onnx --field-of-view 90\n"
        "  storesense edge calibrate heights --site site.yaml --camera camera-door --for 900 --plot floor.png",
    )
    seen = heights.add_mutually_exclusive_group(required=True)
    seen.add_argument("--detections", type=Path, metavar="FILE", help="boxes in MOT format; needs --frame-size")
    seen.add_argument("--video", type=Path, metavar="FILE", help="a video; better with --model")
    seen.add_argument("--site", type=Path, metavar="FILE", help="a site file; needs --camera, which is watched live")
    heights.add_argument("--camera", metavar="ID", help="the camera in the site file")
    heights.add_argument("--model", type=Path, metavar="FILE", help="YOLOX person detector in ONNX format for --video")
    heights.add_argument(
        "--frame-size", type=frame_size, metavar="WxH", help="size of the pictures that were detected in"
    )
    heights.add_argument(
        "--for",
        dest="for_s",
        type=duration,
        default=600.0,
        metavar="S",
        help="seconds to watch a live camera (default 600)",
    )
    heights.add_argument(
        "--mean-height",
        type=number(0.5, 2.5, "metres"),
        default=1.70,
        metavar="M",
        help="how tall people are on average, metres (default 1.70)",
    )
    heights.add_argument(
        "--field-of-view",
        type=number(5, 150, "degrees"),
        metavar="DEG",
        help="horizontal angle of the lens in degrees, if known; it makes the result about twice as good",
    )
    heights.add_argument(
        "--place",
        action="append",
        type=pair,
        default=[],
        metavar="U,V=X,Y",
        help="two points that place it on the plan",
    )
    heights.add_argument(
        "--picture",
        action="store_true",
        help="draw over the camera's last picture; people may be in it, so it is for this machine's screen alone",
    )
    heights.set_defaults(handler=_calibrate_heights)
    for parser in (points, heights):
        parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the floor's metres as the camera sees them")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of YAML")


def _add_audit(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = verbs.add_parser(
        "audit",
        help="check what a line counts against a tally, and get its error",
        description="The agent keeps anonymous trajectories of the last day on this box. Tally an hour by hand, on the "
        "page or on paper with times, and learn how far off each line is. Only the numbers of the result are sent.",
    ).add_subparsers(dest="task", metavar="TASK", required=True)
    tally = audit.add_parser(
        "tally",
        help="compare a tally from a CSV file with what was counted",
        description="The file has the columns at and direction, such as 2026-11-21T17:05:09+01:00,in. Each person is "
        "matched with a crossing within 5 seconds; what is left over was missed or is extra.",
        epilog="Example:\n"
        "  storesense edge audit tally --site site.yaml --state-dir state --line door --csv tally.csv \\\n"
        "    --from 2026-11-21T17:00+01:00 --to 2026-11-21T18:00+01:00",
    )
    tally.add_argument("--line", required=True, metavar="ID", help="the counting line")
    tally.add_argument("--csv", type=Path, required=True, metavar="FILE", help="the tally: columns at, direction")
    tally.add_argument(
        "--from", dest="from_at", required=True, metavar="INSTANT", help="when the tally began, with an offset"
    )
    tally.add_argument(
        "--to", dest="to_at", required=True, metavar="INSTANT", help="when the tally ended, with an offset"
    )
    tally.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    tally.set_defaults(handler=_audit_tally)
    serve = audit.add_parser(
        "serve",
        help="serve the tally page to a signed-in person",
        description="A page with a timer and two buttons, on loopback. Set the password first. For phones in the shop, "
        "listen on this box's address with a certificate.",
        epilog="Examples:\n  storesense edge audit serve --site site.yaml --state-dir state\n"
        "  storesense edge audit serve --site site.yaml --state-dir state --listen 192.168.1.20 \\\n"
        "    --certificate edge.crt --key edge.key",
    )
    serve.add_argument(
        "--listen", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default 127.0.0.1)"
    )
    serve.add_argument("--port", type=port, default=8_460, metavar="PORT", help="port to listen on (default 8460)")
    serve.add_argument("--certificate", type=Path, metavar="FILE", help="certificate chain, needed beyond loopback")
    serve.add_argument("--key", type=Path, metavar="FILE", help="the certificate's key")
    serve.set_defaults(handler=_audit_serve)
    for parser in (tally, serve):
        parser.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site file")
    password = audit.add_parser(
        "password",
        help="set the password of the tally page",
        epilog="Example:\n  storesense edge audit password --state-dir state",
    )
    password.set_defaults(handler=_audit_password)
    for parser in (tally, serve, password):
        parser.add_argument("--state-dir", type=Path, required=True, metavar="DIR", help="the agent's state folder")


def _run(args: argparse.Namespace) -> int:
    from storesense_edge.run_command import run_site  # noqa: PLC0415 -- heavy, and only this verb needs it

    return run_site(args.site, args.state_dir, for_s=args.for_s, prints_json=args.json)


def _check(args: argparse.Namespace) -> int:
    from storesense_edge.check_command import check_site  # noqa: PLC0415 -- heavy, and only this verb needs it

    return check_site(args.site, prints_json=args.json)


def _find_cameras(args: argparse.Namespace) -> int:
    from storesense_edge.cameras_command import find  # noqa: PLC0415 -- heavy, and only this verb needs it

    return find(args.for_s, args.interface, prints_json=args.json)


def _calibrate_points(args: argparse.Namespace) -> int:
    from storesense_edge import calibrate_command as command  # noqa: PLC0415 -- heavy, and only this verb needs it

    pairs = command.read_pairs(args.pairs) if args.pairs is not None else args.pair
    return command.calibrate_points(pairs, command.Output(args.json, args.plot))


def _calibrate_heights(args: argparse.Namespace) -> int:
    from storesense_edge import calibrate_command as command  # noqa: PLC0415 -- heavy, and only this verb needs it

    if args.detections is not None:
        if args.frame_size is None:
            raise UsageError("Boxes do not say how large their pictures were; give --frame-size, such as 1280x720.")
        seen = command.seen_in_detections(args.detections, args.frame_size)
    elif args.video is not None:
        seen = command.seen_in_video(args.video, args.model, for_s=args.for_s)
    elif args.camera is None:
        raise UsageError("Name the camera of the site file with --camera.")
    else:
        seen = command.seen_by_camera(args.site, args.camera, for_s=args.for_s)
    return command.calibrate_heights(
        seen,
        command.Output(args.json, args.plot),
        mean_height_m=args.mean_height,
        field_of_view_deg=args.field_of_view,
        places=args.place,
        shows_picture=args.picture,
    )


def _audit_tally(args: argparse.Namespace) -> int:
    from storesense_edge import audit_command as command  # noqa: PLC0415 -- heavy, and only this verb needs it

    span = (args.from_at, args.to_at)
    return command.tally(args.site, args.state_dir, args.line, args.csv, span, json_out=args.json)


def _audit_serve(args: argparse.Namespace) -> int:
    from storesense_edge import audit_command as command  # noqa: PLC0415 -- heavy, and only this verb needs it

    if (args.certificate is None) != (args.key is None):
        raise UsageError("A certificate and its key go together; give --certificate and --key.")
    certificate = None if args.certificate is None else (args.certificate, args.key)
    return command.serve_page(args.site, args.state_dir, (args.listen, args.port), certificate)


def _audit_password(args: argparse.Namespace) -> int:
    from storesense_edge import audit_command as command  # noqa: PLC0415 -- heavy, and only this verb needs it

    return command.set_password(args.state_dir)
