"""What every simulated robot has, whoever describes it: a scene, a box that stands for payloads, and sensors."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco

from sim.terrain import Terrain, add_ground

HINGE, SLIDE = mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE
BOX, SPHERE = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_SPHERE
CAPSULE, CYLINDER = mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_CYLINDER


def scene(name: str, terrain: Terrain, rough: bool, timestep: float, size: float, extent: float) -> mujoco.MjSpec:
    """Return an empty scene; `size` of an average body and `extent` of the scene are for viewers [m]."""
    spec = mujoco.MjSpec()
    spec.modelname = name
    spec.compiler.degree = False
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    spec.option.iterations = 20
    spec.option.ls_iterations = 10
    spec.option.tolerance = 1e-6
    spec.stat.meansize = size
    spec.stat.extent = extent
    add_ground(spec, terrain, rough)
    return spec


def compiled(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """Compile a model. Its total mass, where the file gives one, is set as the compiler would, which warns of it."""
    total, spec.compiler.settotalmass = spec.compiler.settotalmass, -1.0
    model = spec.compile()
    spec.compiler.settotalmass = total
    if total > 0.0:
        mujoco.mj_setTotalmass(model, total)
        mujoco.mj_setConst(model, mujoco.MjData(model))
    return model


def add_payload(trunk: mujoco.MjsBody, half: Sequence[float]) -> None:
    """Add the body and the box `payload` of half-sizes (3,) [m]: massless and unseen until a payload is put on."""
    payload = trunk.add_body(name="payload", mass=0.0, inertia=[0.0, 0.0, 0.0], explicitinertial=True)
    box = payload.add_geom(name="payload", type=BOX, size=list(half), mass=0.0, rgba=[0.80, 0.70, 0.10, 0.0])
    box.contype = box.conaffinity = 0
    box.material = ""  # a class of the trunk's may have set one, which is gone


def add_imu(spec: mujoco.MjSpec, trunk: mujoco.MjsBody, place: Sequence[float] | None) -> None:
    """Add the sensors `gyro` and `accelerometer` of the site `imu`, which is put at a place (3,) [m] if it is given."""
    if place is not None:
        trunk.add_site(name="imu", pos=list(place)).material = ""
    for name, kind in (
        ("gyro", mujoco.mjtSensor.mjSENS_GYRO),
        ("accelerometer", mujoco.mjtSensor.mjSENS_ACCELEROMETER),
    ):
        spec.add_sensor(name=name, type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname="imu")


def add_touch(spec: mujoco.MjSpec, limb: mujoco.MjsBody, name: str, place: Sequence[float], radius: float) -> None:
    """Add a sensor of the normal force on a foot: of contacts of the limb within a sphere around a place (3,) [m]."""
    limb.add_site(name=name, pos=list(place), size=[radius, 0.0, 0.0], type=SPHERE).material = ""
    spec.add_sensor(name=name, type=mujoco.mjtSensor.mjSENS_TOUCH, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=name)


def add_servo(spec: mujoco.MjSpec, joint: str, force: float | None) -> None:
    """Add the motor of a joint, torque = signal - kp * angle - kd * speed, within a largest force [N m]; None: any.

    `sim.bodies.jointed` writes signal and gains.
    """
    motor = spec.add_actuator(name=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT, target=joint)
    motor.gaintype, motor.biastype = mujoco.mjtGain.mjGAIN_FIXED, mujoco.mjtBias.mjBIAS_AFFINE
    motor.gainprm[0] = 1.0
    motor.ctrllimited = mujoco.mjtLimited.mjLIMITED_FALSE
    motor.forcelimited = mujoco.mjtLimited.mjLIMITED_FALSE if force is None else mujoco.mjtLimited.mjLIMITED_TRUE
    motor.forcerange = [-(force or 0.0), force or 0.0]
